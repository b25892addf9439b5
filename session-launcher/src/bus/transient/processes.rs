//! The processes that a client puts into a scope.

use std::os::unix::fs::MetadataExt;

use zbus::{Array, OwnedVariant, Variant};

use super::setting;
use crate::bus::error::Failure;
use crate::bus::manager::units::pid_of_descriptor;

/// How many processes one call may name.
const MAX_PROCESSES: usize = 1024;

/// The processes of `PIDs` or `PIDFDs`; 0 is the caller's own.
///
/// # Errors
/// One is not there, or is another user's.
pub fn of(value: &OwnedVariant, own: Option<u32>) -> Result<Vec<i32>, Failure> {
    let Variant::Array(array) = &**value else { return Err(setting::wrong_type("PIDs", "au")) };
    if array.len() > MAX_PROCESSES {
        return Err(Failure::limits_exceeded("Too many processes."));
    }
    numbers(array)?.into_iter().map(|pid| checked(if pid == 0 { own.unwrap_or(0) } else { pid })).collect()
}

fn numbers(array: &Array<'_>) -> Result<Vec<u32>, Failure> {
    array
        .inner()
        .iter()
        .map(|element| match element {
            Variant::U32(pid) => Ok(*pid),
            Variant::Fd(descriptor) => pid_of_descriptor(descriptor),
            _ => Err(setting::wrong_type("PIDs", "au")),
        })
        .collect()
}

fn checked(pid: u32) -> Result<i32, Failure> {
    let number = i32::try_from(pid).ok().filter(|pid| *pid > 1);
    let number =
        number.ok_or_else(|| Failure::invalid_arguments(format!("Process {pid} cannot be in a scope.")))?;
    match std::fs::metadata(format!("/proc/{number}")) {
        Ok(entry) if entry.uid() == rustix::process::getuid().as_raw() => Ok(number),
        Ok(_) => Err(Failure::access_denied(format!("Process {pid} is another user's."))),
        Err(_) => Err(Failure::no_such_pid("Failed to set unit properties: No such process")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_processes() {
        let own = std::process::id();
        let list = |pids: Vec<u32>| OwnedVariant::try_from(Variant::from(pids)).unwrap();
        assert_eq!(of(&list(vec![0]), Some(own)).unwrap(), [i32::try_from(own).unwrap()]);
        assert!(of(&list(vec![1]), Some(own)).is_err());
        assert!(of(&list(vec![u32::MAX]), Some(own)).is_err());
        assert!(of(&list(vec![own; MAX_PROCESSES + 1]), None).is_err());
    }
}
