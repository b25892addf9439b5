//! How processes run (systemd.exec(5)).

use rustix::process::getrlimit;

use super::general::constant;
use super::value::{NEVER, optional, text, texts};
use super::{Get, Subject};
use crate::bus::table::{Property, Value};
use crate::exec::resource;
use crate::unit::property;
use crate::unit::spec::{ExecSettings, StandardInput, StandardOutput};

/// Of services and sockets.
pub const PROPERTIES: &[Property<Get>] = &[
    constant("Environment", "as", |unit| {
        of(unit, |exec| texts(exec.environment.iter().map(|(name, value)| format!("{name}={value}"))))
    }),
    constant("EnvironmentFiles", "a(sb)", |unit| {
        of(unit, |exec| {
            let files = exec.environment_files.iter();
            files.map(|file| (file.path.clone(), file.optional)).collect::<Vec<_>>().into()
        })
    }),
    constant("PassEnvironment", "as", |unit| of(unit, |exec| texts(&exec.pass_environment))),
    constant("UnsetEnvironment", "as", |unit| of(unit, |exec| texts(&exec.unset_environment))),
    constant("UMask", "u", |unit| of(unit, |exec| exec.umask.unwrap_or_else(own_umask).into())),
    constant("WorkingDirectory", "s", working_directory),
    constant("RootDirectory", "s", |unit| of(unit, |exec| optional(exec.root_directory.as_ref()))),
    constant("OOMScoreAdjust", "i", |unit| {
        of(unit, |exec| exec.oom_score_adjust.unwrap_or_else(own_oom_score_adjust).into())
    }),
    constant("Nice", "i", |unit| of(unit, |exec| exec.nice.unwrap_or(0).into())),
    constant("TimerSlackNSec", "t", |unit| {
        of(unit, |exec| exec.timer_slack_ns.unwrap_or_else(own_timer_slack).into())
    }),
    constant("CPUSchedulingPriority", "i", |unit| {
        of(unit, |exec| exec.cpu_scheduling_priority.unwrap_or(0).into())
    }),
    constant("CPUSchedulingResetOnFork", "b", |unit| {
        of(unit, |exec| exec.cpu_scheduling_reset_on_fork.into())
    }),
    constant("NonBlocking", "b", |unit| of(unit, |exec| exec.non_blocking.into())),
    constant("StandardInput", "s", |unit| {
        of(unit, |exec| match &exec.standard_input {
            StandardInput::Fd(_) => "fd".into(),
            other => property::standard_input(other).into(),
        })
    }),
    constant("StandardInputFileDescriptorName", "s", |unit| {
        of(unit, |exec| match &exec.standard_input {
            StandardInput::Fd(name) => text(name),
            _ => "".into(),
        })
    }),
    constant("StandardInputData", "ay", |unit| of(unit, |exec| exec.standard_input_data.clone().into())),
    constant("StandardOutput", "s", |unit| of(unit, |exec| output(exec.standard_output.as_ref(), "journal"))),
    constant("StandardOutputFileDescriptorName", "s", |unit| {
        of(unit, |exec| descriptor_name(exec.standard_output.as_ref()))
    }),
    constant("StandardError", "s", |unit| of(unit, |exec| output(exec.standard_error.as_ref(), "inherit"))),
    constant("StandardErrorFileDescriptorName", "s", |unit| {
        of(unit, |exec| descriptor_name(exec.standard_error.as_ref()))
    }),
    constant("TTYPath", "s", |unit| {
        of(unit, |exec| optional(exec.tty_path.as_ref().map(|path| path.display())))
    }),
    constant("SyslogIdentifier", "s", |unit| of(unit, |exec| optional(exec.syslog_identifier.as_ref()))),
    constant("User", "s", |unit| of(unit, |exec| optional(exec.user.as_ref()))),
    constant("Group", "s", |unit| of(unit, |exec| optional(exec.group.as_ref()))),
    constant("SupplementaryGroups", "as", |unit| of(unit, |exec| texts(&exec.supplementary_groups))),
    constant("ExecSearchPath", "as", |unit| of(unit, |exec| texts(&exec.search_path))),
    constant("IgnoreSIGPIPE", "b", |unit| of(unit, |exec| (!exec.default_sigpipe).into())),
    constant("NoNewPrivileges", "b", |unit| of(unit, |exec| exec.no_new_privileges.into())),
    constant("RuntimeDirectoryPreserve", "s", |unit| {
        of(unit, |exec| text(exec.runtime_directory_preserve.as_deref().unwrap_or("no")))
    }),
    constant("RuntimeDirectoryMode", "u", |unit| mode(unit, "RuntimeDirectoryMode")),
    constant("RuntimeDirectory", "as", |unit| of(unit, |exec| texts(&exec.runtime_directory))),
    constant("StateDirectoryMode", "u", |unit| mode(unit, "StateDirectoryMode")),
    constant("StateDirectory", "as", |unit| of(unit, |exec| texts(&exec.state_directory))),
    constant("CacheDirectoryMode", "u", |unit| mode(unit, "CacheDirectoryMode")),
    constant("CacheDirectory", "as", |unit| of(unit, |exec| texts(&exec.cache_directory))),
    constant("LogsDirectoryMode", "u", |unit| mode(unit, "LogsDirectoryMode")),
    constant("LogsDirectory", "as", |unit| of(unit, |exec| texts(&exec.logs_directory))),
    constant("ConfigurationDirectoryMode", "u", |unit| mode(unit, "ConfigurationDirectoryMode")),
    constant("ConfigurationDirectory", "as", |unit| of(unit, |exec| texts(&exec.configuration_directory))),
    constant("LimitCPU", "t", |unit| hard(unit, "CPU")),
    constant("LimitCPUSoft", "t", |unit| soft(unit, "CPU")),
    constant("LimitFSIZE", "t", |unit| hard(unit, "FSIZE")),
    constant("LimitFSIZESoft", "t", |unit| soft(unit, "FSIZE")),
    constant("LimitDATA", "t", |unit| hard(unit, "DATA")),
    constant("LimitDATASoft", "t", |unit| soft(unit, "DATA")),
    constant("LimitSTACK", "t", |unit| hard(unit, "STACK")),
    constant("LimitSTACKSoft", "t", |unit| soft(unit, "STACK")),
    constant("LimitCORE", "t", |unit| hard(unit, "CORE")),
    constant("LimitCORESoft", "t", |unit| soft(unit, "CORE")),
    constant("LimitRSS", "t", |unit| hard(unit, "RSS")),
    constant("LimitRSSSoft", "t", |unit| soft(unit, "RSS")),
    constant("LimitNOFILE", "t", |unit| hard(unit, "NOFILE")),
    constant("LimitNOFILESoft", "t", |unit| soft(unit, "NOFILE")),
    constant("LimitAS", "t", |unit| hard(unit, "AS")),
    constant("LimitASSoft", "t", |unit| soft(unit, "AS")),
    constant("LimitNPROC", "t", |unit| hard(unit, "NPROC")),
    constant("LimitNPROCSoft", "t", |unit| soft(unit, "NPROC")),
    constant("LimitMEMLOCK", "t", |unit| hard(unit, "MEMLOCK")),
    constant("LimitMEMLOCKSoft", "t", |unit| soft(unit, "MEMLOCK")),
    constant("LimitLOCKS", "t", |unit| hard(unit, "LOCKS")),
    constant("LimitLOCKSSoft", "t", |unit| soft(unit, "LOCKS")),
    constant("LimitSIGPENDING", "t", |unit| hard(unit, "SIGPENDING")),
    constant("LimitSIGPENDINGSoft", "t", |unit| soft(unit, "SIGPENDING")),
    constant("LimitMSGQUEUE", "t", |unit| hard(unit, "MSGQUEUE")),
    constant("LimitMSGQUEUESoft", "t", |unit| soft(unit, "MSGQUEUE")),
    constant("LimitNICE", "t", |unit| hard(unit, "NICE")),
    constant("LimitNICESoft", "t", |unit| soft(unit, "NICE")),
    constant("LimitRTPRIO", "t", |unit| hard(unit, "RTPRIO")),
    constant("LimitRTPRIOSoft", "t", |unit| soft(unit, "RTPRIO")),
    constant("LimitRTTIME", "t", |unit| hard(unit, "RTTIME")),
    constant("LimitRTTIMESoft", "t", |unit| soft(unit, "RTTIME")),
];

fn of(unit: &Subject<'_>, get: impl Fn(&ExecSettings) -> Value) -> Value {
    match unit.exec() {
        Some(exec) => get(exec),
        None => get(&ExecSettings::default()),
    }
}

/// `!`: it may be missing.
fn working_directory(unit: &Subject<'_>) -> Value {
    let home = &unit.driver.engine().host().loader.host().home;
    of(unit, |exec| {
        let (directory, optional) = match exec.working_directory.as_deref() {
            None => (home.display().to_string(), true),
            Some("~") => ("~".to_owned(), exec.working_directory_optional),
            Some(path) => (path.to_owned(), exec.working_directory_optional),
        };
        let mark = if optional { "!" } else { "" };
        format!("{mark}{directory}").into()
    })
}

fn output(output: Option<&StandardOutput>, otherwise: &'static str) -> Value {
    match output {
        None => otherwise.into(),
        Some(StandardOutput::Fd(_)) => "fd".into(),
        Some(output) => property::standard_output(output).into(),
    }
}

fn descriptor_name(output: Option<&StandardOutput>) -> Value {
    match output {
        Some(StandardOutput::Fd(name)) => text(name),
        _ => "".into(),
    }
}

fn mode(unit: &Subject<'_>, directive: &str) -> Value {
    of(unit, |exec| exec.directory_modes.get(directive).copied().unwrap_or(0o755).into())
}

fn hard(unit: &Subject<'_>, name: &str) -> Value {
    limit(unit, name).1.unwrap_or(NEVER).into()
}

fn soft(unit: &Subject<'_>, name: &str) -> Value {
    limit(unit, name).0.unwrap_or(NEVER).into()
}

/// The unit's own limit, else the manager's default for all, else what the manager itself has.
fn limit(unit: &Subject<'_>, name: &str) -> (Option<u64>, Option<u64>) {
    let own = unit.exec().and_then(|exec| exec.limits.get(name));
    let default = || unit.driver.engine().host().loader.config().limits.get(name);
    match own.or_else(default) {
        Some(limit) => (limit.soft, limit.hard),
        None => resource::by_name(name)
            .map(getrlimit)
            .map_or((None, None), |limit| (limit.current, limit.maximum)),
    }
}

fn own_umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let umask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    umask.and_then(|umask| u32::from_str_radix(umask.trim(), 8).ok()).unwrap_or(0o022)
}

fn own_number(file: &str) -> Option<i64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn own_oom_score_adjust() -> i32 {
    own_number("/proc/self/oom_score_adj").and_then(|number| i32::try_from(number).ok()).unwrap_or(0)
}

fn own_timer_slack() -> u64 {
    own_number("/proc/self/timerslack_ns").and_then(|number| u64::try_from(number).ok()).unwrap_or(50_000)
}
