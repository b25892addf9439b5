//! A unit's settings under the names and in the form of `systemctl show`.

use std::time::Duration;

use serde::Serialize;

use super::load::UnitSet;
use super::spec::{
    CommandLine, Condition, DependencyKind, ExecSettings, ExitStatusSet, KillSettings, Limit, Listen,
    OomPolicy, PathSettings, ResourceControl, ScopeSettings, ServiceSettings, Settings, SocketSettings,
    StandardInput, StandardOutput, TimerBase, TimerSettings, TimerTrigger, Unit, UnitName,
};
use super::value::{boolean, signal, timespan};

/// Names and values, in the order of systemctl as far as it matters. A property may come more than once.
pub type Properties = Vec<(&'static str, String)>;

/// All properties of a unit that follow from its files. With a set, the inverse dependencies are among them.
pub fn properties(unit: &Unit, set: Option<&UnitSet>) -> Properties {
    let mut list = Properties::new();
    list.push(("Id", unit.name.to_string()));
    list.push(("Names", words(std::iter::once(&unit.name).chain(&unit.aliases))));
    dependencies(&mut list, unit, set);
    list.push(("Documentation", quoted_words(&unit.documentation)));
    list.push(("Description", unit.description.clone()));
    list.push(("LoadState", unit.load_state.as_str().to_owned()));
    if let Some(path) = &unit.fragment_path {
        list.push(("FragmentPath", path.display().to_string()));
    }
    if let Some(path) = &unit.source_path {
        list.push(("SourcePath", path.display().to_string()));
    }
    list.push((
        "DropInPaths",
        unit.drop_in_paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" "),
    ));
    flags(&mut list, unit);
    list.extend(
        unit.conditions.0.iter().map(|condition| ("Conditions", condition_text("Condition", condition))),
    );
    list.extend(unit.asserts.0.iter().map(|condition| ("Asserts", condition_text("Assert", condition))));
    match &unit.settings {
        Settings::Service(service) => service_properties(&mut list, service),
        Settings::Socket(socket) => socket_properties(&mut list, socket),
        Settings::Timer(timer) => timer_properties(&mut list, timer),
        Settings::Path(path) => path_properties(&mut list, path),
        Settings::Slice(slice) => resources(&mut list, slice),
        Settings::Scope(scope) => scope_properties(&mut list, scope),
        Settings::Target | Settings::Foreign => {}
    }
    list
}

fn words<'a>(names: impl Iterator<Item = &'a UnitName>) -> String {
    names.map(|name| quoted(name.as_str())).collect::<Vec<_>>().join(" ")
}

fn quoted_words(list: &[String]) -> String {
    list.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// The word that serde writes for a variant, which is systemd's word for it.
pub fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

fn yes(value: bool) -> String {
    boolean::format(value).to_owned()
}

fn span(value: Option<Duration>) -> String {
    timespan::format(value)
}

fn dependencies(list: &mut Properties, unit: &Unit, set: Option<&UnitSet>) {
    use DependencyKind as Kind;
    const FORWARD: [(&str, Kind); 17] = [
        ("Requires", Kind::Requires),
        ("Requisite", Kind::Requisite),
        ("Wants", Kind::Wants),
        ("BindsTo", Kind::BindsTo),
        ("PartOf", Kind::PartOf),
        ("Upholds", Kind::Upholds),
        ("Conflicts", Kind::Conflicts),
        ("OnSuccess", Kind::OnSuccess),
        ("OnFailure", Kind::OnFailure),
        ("PropagatesStopTo", Kind::PropagatesStopTo),
        ("StopPropagatedFrom", Kind::StopPropagatedFrom),
        ("PropagatesReloadTo", Kind::PropagatesReloadTo),
        ("ReloadPropagatedFrom", Kind::ReloadPropagatedFrom),
        ("JoinsNamespaceOf", Kind::JoinsNamespaceOf),
        ("Triggers", Kind::Triggers),
        ("Before", Kind::Before),
        ("After", Kind::After),
    ];
    const INVERSE: [(&str, Kind); 9] = [
        ("RequiredBy", Kind::Requires),
        ("RequisiteOf", Kind::Requisite),
        ("WantedBy", Kind::Wants),
        ("BoundBy", Kind::BindsTo),
        ("ConsistsOf", Kind::PartOf),
        ("UpheldBy", Kind::Upholds),
        ("ConflictedBy", Kind::Conflicts),
        ("OnSuccessOf", Kind::OnSuccess),
        ("OnFailureOf", Kind::OnFailure),
    ];
    /// Kinds of which each is the other's inverse.
    const MUTUAL: [(Kind, Kind); 8] = [
        (Kind::Before, Kind::After),
        (Kind::After, Kind::Before),
        (Kind::PropagatesStopTo, Kind::StopPropagatedFrom),
        (Kind::StopPropagatedFrom, Kind::PropagatesStopTo),
        (Kind::PropagatesReloadTo, Kind::ReloadPropagatedFrom),
        (Kind::ReloadPropagatedFrom, Kind::PropagatesReloadTo),
        (Kind::Triggers, Kind::TriggeredBy),
        (Kind::TriggeredBy, Kind::Triggers),
    ];
    let inverse = |kind: Kind| -> Vec<UnitName> {
        let Some(set) = set else { return Vec::new() };
        set.dependents(kind, &unit.name).map(|other| other.name.clone()).collect()
    };
    for (property, kind) in FORWARD.into_iter().chain([("TriggeredBy", Kind::TriggeredBy)]) {
        let mut names: Vec<UnitName> = unit.dependencies.names(kind).cloned().collect();
        if let Some((_, other)) = MUTUAL.iter().find(|(own, _)| *own == kind) {
            names.extend(inverse(*other));
        }
        names.sort();
        names.dedup();
        if !names.is_empty() {
            list.push((property, words(names.iter())));
        }
    }
    for (property, kind) in INVERSE {
        let names = inverse(kind);
        if !names.is_empty() {
            list.push((property, words(names.iter())));
        }
    }
}

fn flags(list: &mut Properties, unit: &Unit) {
    let flags = &unit.flags;
    list.extend([
        ("StopWhenUnneeded", yes(flags.stop_when_unneeded)),
        ("RefuseManualStart", yes(flags.refuse_manual_start)),
        ("RefuseManualStop", yes(flags.refuse_manual_stop)),
        ("AllowIsolate", yes(flags.allow_isolate)),
        ("DefaultDependencies", yes(flags.default_dependencies)),
        ("SurviveFinalKillSignal", yes(flags.survive_final_kill_signal)),
        ("OnSuccessJobMode", word(flags.on_success_job_mode)),
        ("OnFailureJobMode", word(flags.on_failure_job_mode)),
        ("IgnoreOnIsolate", yes(flags.ignore_on_isolate)),
        ("JobTimeoutUSec", span(flags.job_timeout)),
        ("JobRunningTimeoutUSec", span(flags.job_running_timeout)),
        ("JobTimeoutAction", word(flags.job_timeout_action)),
        ("StartLimitIntervalUSec", span(flags.start_limit.interval)),
        ("StartLimitBurst", flags.start_limit.burst.to_string()),
        ("StartLimitAction", word(flags.start_limit.action)),
        ("FailureAction", word(flags.failure_action)),
        ("SuccessAction", word(flags.success_action)),
        ("CollectMode", word(flags.collect_mode)),
    ]);
}

/// `ConditionPathExists=|!/path`.
pub fn condition_text(prefix: &str, condition: &Condition) -> String {
    let trigger = if condition.trigger { "|" } else { "" };
    let negate = if condition.negate { "!" } else { "" };
    format!("{prefix}{}={trigger}{negate}{}", condition.kind.as_str(), condition.parameter)
}

fn service_properties(list: &mut Properties, service: &ServiceSettings) {
    list.extend([
        ("Type", word(service.service_type)),
        ("ExitType", word(service.exit_type)),
        ("Restart", word(service.restart)),
        ("RestartMode", word(service.restart_mode)),
        ("PIDFile", service.pid_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default()),
        ("NotifyAccess", word(service.notify_access)),
        ("RestartUSec", span(service.restart_delay)),
        ("RestartSteps", service.restart_steps.to_string()),
        ("RestartMaxDelayUSec", span(service.restart_max_delay)),
        ("RestartRandomizedDelayUSec", span(Some(service.restart_randomized_delay))),
        ("TimeoutStartUSec", span(service.timeout_start)),
        ("TimeoutStopUSec", span(service.timeout_stop)),
        ("TimeoutAbortUSec", span(service.timeout_abort)),
        ("TimeoutStartFailureMode", word(service.timeout_start_failure_mode)),
        ("TimeoutStopFailureMode", word(service.timeout_stop_failure_mode)),
        ("RuntimeMaxUSec", span(service.runtime_max)),
        ("RuntimeRandomizedExtraUSec", span(Some(service.runtime_randomized_extra))),
        ("WatchdogUSec", span(service.watchdog)),
        ("RemainAfterExit", yes(service.remain_after_exit)),
        ("GuessMainPID", yes(service.guess_main_pid)),
        ("SuccessExitStatus", statuses(&service.success_exit_status)),
        ("RestartPreventExitStatus", statuses(&service.restart_prevent_exit_status)),
        ("RestartForceExitStatus", statuses(&service.restart_force_exit_status)),
        ("BusName", service.bus_name.clone().unwrap_or_default()),
        ("FileDescriptorStoreMax", service.file_descriptor_store_max.to_string()),
        (
            "FileDescriptorStorePreserve",
            service.file_descriptor_store_preserve.clone().unwrap_or("restart".into()),
        ),
        ("OOMPolicy", oom_policy(service.oom_policy)),
        ("ReloadSignal", service.reload_signal.to_string()),
    ]);
    for (property, commands) in [
        ("ExecCondition", &service.commands.condition),
        ("ExecStartPre", &service.commands.start_pre),
        ("ExecStart", &service.commands.start),
        ("ExecStartPost", &service.commands.start_post),
        ("ExecReload", &service.commands.reload),
        ("ExecReloadPost", &service.commands.reload_post),
        ("ExecStop", &service.commands.stop),
        ("ExecStopPost", &service.commands.stop_post),
    ] {
        list.extend(commands.iter().map(|command| (property, command_text(command))));
    }
    exec(list, &service.exec);
    kill(list, &service.kill);
    resources(list, &service.resources);
}

fn oom_policy(policy: OomPolicy) -> String {
    word(policy)
}

fn statuses(set: &ExitStatusSet) -> String {
    let codes = set.codes.iter().map(u8::to_string);
    codes.chain(set.signals.iter().map(|number| signal::name(*number))).collect::<Vec<_>>().join(" ")
}

/// Without what only a run tells.
pub fn command_text(command: &CommandLine) -> String {
    let ignore = boolean::format(command.ignore_failure);
    format!("{{ path={} ; argv[]={} ; ignore_errors={ignore} }}", command.path, command.argv.join(" "))
}

fn exec(list: &mut Properties, exec: &ExecSettings) {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let directory = exec.working_directory.as_ref().map(|path| {
        let mark = if exec.working_directory_optional { "!" } else { "" };
        format!("{mark}{path}")
    });
    list.extend([
        (
            "Environment",
            exec.environment
                .iter()
                .map(|(name, value)| quoted(&format!("{name}={value}")))
                .collect::<Vec<_>>()
                .join(" "),
        ),
        ("PassEnvironment", quoted_words(&exec.pass_environment)),
        ("UnsetEnvironment", quoted_words(&exec.unset_environment)),
        ("WorkingDirectory", directory.unwrap_or_default()),
        ("StandardInput", standard_input(&exec.standard_input)),
        ("SyslogIdentifier", optional(&exec.syslog_identifier)),
        ("RuntimeDirectory", quoted_words(&exec.runtime_directory)),
        ("StateDirectory", quoted_words(&exec.state_directory)),
        ("CacheDirectory", quoted_words(&exec.cache_directory)),
        ("LogsDirectory", quoted_words(&exec.logs_directory)),
        ("ConfigurationDirectory", quoted_words(&exec.configuration_directory)),
        ("IgnoreSIGPIPE", yes(!exec.default_sigpipe)),
        ("NoNewPrivileges", yes(exec.no_new_privileges)),
        ("NonBlocking", yes(exec.non_blocking)),
    ]);
    for file in &exec.environment_files {
        list.push((
            "EnvironmentFiles",
            format!("{} (ignore_errors={})", file.path, boolean::format(file.optional)),
        ));
    }
    if let Some(output) = &exec.standard_output {
        list.push(("StandardOutput", standard_output(output)));
    }
    if let Some(output) = &exec.standard_error {
        list.push(("StandardError", standard_output(output)));
    }
    if let Some(umask) = exec.umask {
        list.push(("UMask", format!("{umask:04o}")));
    }
    if let Some(nice) = exec.nice {
        list.push(("Nice", nice.to_string()));
    }
    if let Some(adjust) = exec.oom_score_adjust {
        list.push(("OOMScoreAdjust", adjust.to_string()));
    }
    if let Some(slack) = exec.timer_slack_ns {
        list.push(("TimerSlackNSec", slack.to_string()));
    }
    for (name, Limit { soft, hard }) in &exec.limits {
        let text =
            |value: &Option<u64>| value.map_or_else(|| "infinity".to_owned(), |value| value.to_string());
        if let Some((hard_name, soft_name)) = limit_names(name) {
            list.push((hard_name, text(hard)));
            list.push((soft_name, text(soft)));
        }
    }
}

fn limit_names(name: &str) -> Option<(&'static str, &'static str)> {
    const NAMES: [(&str, &str, &str); 16] = [
        ("CPU", "LimitCPU", "LimitCPUSoft"),
        ("FSIZE", "LimitFSIZE", "LimitFSIZESoft"),
        ("DATA", "LimitDATA", "LimitDATASoft"),
        ("STACK", "LimitSTACK", "LimitSTACKSoft"),
        ("CORE", "LimitCORE", "LimitCORESoft"),
        ("RSS", "LimitRSS", "LimitRSSSoft"),
        ("NOFILE", "LimitNOFILE", "LimitNOFILESoft"),
        ("AS", "LimitAS", "LimitASSoft"),
        ("NPROC", "LimitNPROC", "LimitNPROCSoft"),
        ("MEMLOCK", "LimitMEMLOCK", "LimitMEMLOCKSoft"),
        ("LOCKS", "LimitLOCKS", "LimitLOCKSSoft"),
        ("SIGPENDING", "LimitSIGPENDING", "LimitSIGPENDINGSoft"),
        ("MSGQUEUE", "LimitMSGQUEUE", "LimitMSGQUEUESoft"),
        ("NICE", "LimitNICE", "LimitNICESoft"),
        ("RTPRIO", "LimitRTPRIO", "LimitRTPRIOSoft"),
        ("RTTIME", "LimitRTTIME", "LimitRTTIMESoft"),
    ];
    NAMES.iter().find(|(known, _, _)| *known == name).map(|(_, hard, soft)| (*hard, *soft))
}

/// systemctl quotes what a shell would take apart.
fn quoted(text: &str) -> String {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || "\"\\`$*?['()<>|&;!".contains(c)) {
        let escaped: String = text.chars().flat_map(escape_shell).collect();
        return format!("\"{escaped}\"");
    }
    text.to_owned()
}

fn escape_shell(character: char) -> impl Iterator<Item = char> {
    let escape = matches!(character, '"' | '\\' | '`' | '$').then_some('\\');
    escape.into_iter().chain([character])
}

/// `StandardInput`.
pub fn standard_input(input: &StandardInput) -> String {
    match input {
        StandardInput::File(_) => "file".to_owned(),
        StandardInput::Fd(name) => format!("fd:{name}"),
        other => word(other),
    }
}

/// `StandardOutput` and `StandardError`.
pub fn standard_output(output: &StandardOutput) -> String {
    match output {
        StandardOutput::File(_) => "file".to_owned(),
        StandardOutput::Append(_) => "append".to_owned(),
        StandardOutput::Truncate(_) => "truncate".to_owned(),
        StandardOutput::Fd(name) => format!("fd:{name}"),
        StandardOutput::JournalConsole => "journal+console".to_owned(),
        StandardOutput::KmsgConsole => "kmsg+console".to_owned(),
        other => word(other),
    }
}

fn kill(list: &mut Properties, kill: &KillSettings) {
    list.extend([
        ("KillMode", word(kill.mode)),
        ("KillSignal", kill.signal.to_string()),
        ("RestartKillSignal", kill.restart_signal.unwrap_or(kill.signal).to_string()),
        ("FinalKillSignal", kill.final_signal.to_string()),
        ("SendSIGKILL", yes(kill.send_sigkill)),
        ("SendSIGHUP", yes(kill.send_sighup)),
        ("WatchdogSignal", kill.watchdog_signal.to_string()),
    ]);
}

fn resources(list: &mut Properties, resources: &ResourceControl) {
    if let Some(slice) = &resources.slice {
        list.push(("Slice", slice.to_string()));
    }
    list.push(("Delegate", yes(resources.delegate.is_some())));
}

fn socket_properties(list: &mut Properties, socket: &SocketSettings) {
    for listen in &socket.listen {
        let (kind, address) = listen_words(listen);
        list.push(("Listen", format!("{address} ({kind})")));
    }
    list.extend([
        ("Accept", yes(socket.accept)),
        ("SocketMode", format!("{:04o}", socket.socket_mode)),
        ("DirectoryMode", format!("{:04o}", socket.directory_mode)),
        ("RemoveOnStop", yes(socket.remove_on_stop)),
        ("Writable", yes(socket.writable)),
        ("FlushPending", yes(socket.flush_pending)),
        ("Symlinks", quoted_words(&socket.symlinks)),
        ("MaxConnections", socket.max_connections.to_string()),
        ("MaxConnectionsPerSource", socket.max_connections_per_source.to_string()),
        ("TimeoutUSec", span(socket.timeout)),
    ]);
    if let Some(name) = &socket.file_descriptor_name {
        list.push(("FileDescriptorName", name.clone()));
    }
    if let Some(limit) = socket.trigger_limit {
        list.push(("TriggerLimitIntervalUSec", span(limit.interval)));
        list.push(("TriggerLimitBurst", limit.burst.to_string()));
    }
    if let Some(limit) = socket.poll_limit {
        list.push(("PollLimitIntervalUSec", span(limit.interval)));
        list.push(("PollLimitBurst", limit.burst.to_string()));
    }
    for (property, commands) in [
        ("ExecStartPre", &socket.start_pre),
        ("ExecStartPost", &socket.start_post),
        ("ExecStopPre", &socket.stop_pre),
        ("ExecStopPost", &socket.stop_post),
    ] {
        list.extend(commands.iter().map(|command| (property, command_text(command))));
    }
    exec(list, &socket.exec);
    kill(list, &socket.kill);
    resources(list, &socket.resources);
}

/// The kind and the address of a `Listen...=` line.
pub fn listen_words(listen: &Listen) -> (String, String) {
    let kind = match word(listen.kind).as_str() {
        "sequential-packet" => "SequentialPacket".to_owned(),
        "message-queue" => "MessageQueue".to_owned(),
        "usb-function" => "USBFunction".to_owned(),
        "fifo" => "FIFO".to_owned(),
        other => capitalized(other),
    };
    // A port alone is one of all addresses.
    let any = if listen.address.bytes().all(|byte| byte.is_ascii_digit()) { "[::]:" } else { "" };
    (kind, format!("{any}{}", listen.address))
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

fn timer_properties(list: &mut Properties, timer: &TimerSettings) {
    if let Some(unit) = &timer.unit {
        list.push(("Unit", unit.to_string()));
    }
    for trigger in &timer.triggers {
        list.push(match trigger {
            TimerTrigger::Calendar(expression) => {
                ("TimersCalendar", format!("{{ OnCalendar={expression} }}"))
            }
            TimerTrigger::Monotonic(base, after) => {
                let name = match base {
                    TimerBase::Active => "OnActiveUSec",
                    TimerBase::Boot => "OnBootUSec",
                    TimerBase::Startup => "OnStartupUSec",
                    TimerBase::UnitActive => "OnUnitActiveUSec",
                    TimerBase::UnitInactive => "OnUnitInactiveUSec",
                };
                ("TimersMonotonic", format!("{{ {name}={} }}", span(Some(*after))))
            }
        });
    }
    list.extend([
        ("OnClockChange", yes(timer.on_clock_change)),
        ("OnTimezoneChange", yes(timer.on_timezone_change)),
        ("AccuracyUSec", span(Some(timer.accuracy))),
        ("RandomizedDelayUSec", span(Some(timer.randomized_delay))),
        ("RandomizedOffsetUSec", span(Some(timer.randomized_offset))),
        ("FixedRandomDelay", yes(timer.fixed_random_delay)),
        ("Persistent", yes(timer.persistent)),
        ("WakeSystem", yes(timer.wake_system)),
        ("RemainAfterElapse", yes(timer.remain_after_elapse)),
        ("DeferReactivation", yes(timer.defer_reactivation)),
    ]);
}

fn path_properties(list: &mut Properties, path: &PathSettings) {
    if let Some(unit) = &path.unit {
        list.push(("Unit", unit.to_string()));
    }
    for watch in &path.watches {
        list.push(("Paths", format!("{} ({:?})", watch.path.display(), watch.kind)));
    }
    list.extend([
        ("MakeDirectory", yes(path.make_directory)),
        ("DirectoryMode", format!("{:04o}", path.directory_mode)),
        ("TriggerLimitIntervalUSec", span(path.trigger_limit.interval)),
        ("TriggerLimitBurst", path.trigger_limit.burst.to_string()),
    ]);
}

fn scope_properties(list: &mut Properties, scope: &ScopeSettings) {
    list.extend([
        ("RuntimeMaxUSec", span(scope.runtime_max)),
        ("RuntimeRandomizedExtraUSec", span(Some(scope.runtime_randomized_extra))),
        ("TimeoutStopUSec", span(scope.timeout_stop)),
        ("OOMPolicy", oom_policy(scope.oom_policy)),
    ]);
    kill(list, &scope.kill);
    resources(list, &scope.resources);
}
