//! Which users have processes (proc(5)). A uid that is still at work is nobody else's yet.

use std::collections::HashSet;

/// The real, effective, saved and file system uids of all processes that can be seen.
pub fn uids() -> HashSet<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return HashSet::new() };
    let is_pid = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let statuses = names.filter(|name| is_pid(name)).filter_map(|pid| {
        // Gone meanwhile, as processes go.
        std::fs::read_to_string(format!("/proc/{pid}/status")).ok()
    });
    statuses.flat_map(|status| uids_in(&status)).collect()
}

fn uids_in(status: &str) -> Vec<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    line.into_iter().flat_map(str::split_whitespace).filter_map(|uid| uid.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_uid_is_at_work() {
        assert!(uids().contains(&rustix::process::geteuid().as_raw()));
    }

    #[test]
    fn all_four_uids_count() {
        assert_eq!(uids_in("Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t9\t9\t9\t9\n"), [1, 2, 3, 4]);
        assert!(uids_in("Name:\tx\n").is_empty());
    }
}
