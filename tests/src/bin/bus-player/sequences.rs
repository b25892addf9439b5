//! What is played.

use std::process::Stdio;

use zbus::Variant;

use crate::environment_files;
use crate::player::{MANAGER, Player};

pub const UNIT: &str = "org.freedesktop.systemd1.Unit";
pub const SERVICE: &str = "org.freedesktop.systemd1.Service";

pub fn unit(name: &str) -> String {
    let escaped: String =
        name.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("_{byte:02x}")
                }
            })
            .collect();
    format!("{MANAGER}/unit/{escaped}")
}

pub async fn play(name: &str, player: &mut Player) {
    match name {
        "errors" => errors(player).await,
        "jobs" => jobs(player, true).await,
        "jobs-unsubscribed" => jobs(player, false).await,
        "environment" => environment(player).await,
        "environment-files" => environment_files::play(player).await,
        "properties" => properties(player).await,
        "interfaces" => interfaces(player).await,
        "files" => files(player).await,
        "transient" => transient(player).await,
        other => panic!("no sequence is called {other}"),
    }
}

async fn errors(player: &mut Player) {
    for name in ["nope.service", "bad", "a/b.service"] {
        player.manager("GetUnit", &name).await;
        player.manager("LoadUnit", &name).await;
        player.manager("StartUnit", &(name, "replace")).await;
        player.manager("StopUnit", &(name, "replace")).await;
        player.manager("ResetFailedUnit", &name).await;
        player.manager("GetUnitFileState", &name).await;
        player.manager("RefUnit", &name).await;
        player.manager("KillUnit", &(name, "all", 15)).await;
        player.manager("GetUnitProcesses", &name).await;
    }
    player.manager("GetUnit", &7u32).await;
    player.manager("NoSuchMethod", &()).await;
    player.call(MANAGER, "org.example.Nothing", "StartUnit", &()).await;
    player.call(&unit("one.service"), "org.freedesktop.systemd1.Manager", "GetUnit", &"one.service").await;
    player.manager("StartUnit", &("one.service", "foo")).await;
    player.manager("StartUnit", &("one.service", "isolate")).await;
    player.manager("StopUnit", &("one.service", "isolate")).await;
    player.manager("StartUnit", &("one.service", "triggering")).await;
    player.manager("StartUnit", &("masked.service", "replace")).await;
    player.manager("StartUnit", &("bad-setting.service", "replace")).await;
    player.manager("StartUnit", &("by-dependency.target", "replace")).await;
    player.manager("RestartUnit", &("by-dependency.target", "replace")).await;
    player.manager("ReloadUnit", &("one.service", "replace")).await;
    player.manager("StartUnit", &("template@.service", "replace")).await;
    player.manager("StartUnitWithFlags", &("one.service", "replace", 1u64)).await;
    player.manager("EnqueueUnitJob", &("one.service", "foo", "replace")).await;
    player.manager("GetJob", &99_999u32).await;
    player.manager("CancelJob", &99_999u32).await;
    player.manager("GetUnitByPID", &99_999_999u32).await;
    player.manager("GetUnitByInvocationID", &vec![1u8, 2]).await;
    player.manager("GetUnitByInvocationID", &vec![1u8; 16]).await;
    player.manager("GetUnitByControlGroup", &"/nothing").await;
    player.manager("Unsubscribe", &()).await;
    player.manager("Subscribe", &()).await;
    player.manager("Subscribe", &()).await;
    player.manager("Unsubscribe", &()).await;
    player.manager("RefUnit", &"one.service").await;
    player.manager("RefUnit", &"one.service").await;
    player.manager("UnrefUnit", &"one.service").await;
    player.manager("UnrefUnit", &"one.service").await;
    player.manager("KillUnit", &("one.service", "foo", 15)).await;
    player.manager("KillUnit", &("one.service", "main", 15)).await;
    player.manager("KillUnit", &("one.service", "control", 15)).await;
    player.manager("KillUnit", &("one.service", "all", 99)).await;
    player.manager("UnrefUnit", &"one.service").await;
    player.manager("AbandonScope", &"one.service").await;
    player.manager("AbandonScope", &"nope.scope").await;
    player.manager("LookupDynamicUserByName", &"x").await;
    player.manager("Reboot", &()).await;
    player.manager("SetDefaultTarget", &("nope.target", false)).await;
    player.manager("EnableUnitFiles", &(vec!["nope.service"], false, false)).await;
    player.properties(MANAGER, "org.freedesktop.systemd1.Manager", &["NoSuchProperty"]).await;
    player.properties(MANAGER, "org.example.Nothing", &["Version"]).await;
    player.properties("/org/freedesktop/systemd1/unit/x", UNIT, &["Id"]).await;
    player.properties("/org/freedesktop/systemd1/job/99999", "org.freedesktop.systemd1.Job", &["Id"]).await;
}

async fn jobs(player: &mut Player, subscribed: bool) {
    if subscribed {
        player.followed = vec![
            "/one_2eservice",
            "/quick_2eservice",
            "/fails_2eservice",
            "/slow_2eservice",
            "/group_2etarget",
        ];
        player.manager("Subscribe", &()).await;
    }
    for name in ["one.service", "quick.service", "fails.service", "group.target"] {
        player.manager("StartUnit", &(name, "replace")).await;
        player.properties(&unit(name), UNIT, &["ActiveState", "SubState", "Job"]).await;
    }
    player.manager("StartUnit", &("one.service", "fail")).await;
    player.manager("RestartUnit", &("one.service", "replace")).await;
    player.manager("TryRestartUnit", &("quick.service", "replace")).await;
    player.manager("ReloadOrRestartUnit", &("one.service", "replace")).await;
    player.call(&unit("one.service"), UNIT, "Stop", &"replace").await;
    player.call(&unit("one.service"), UNIT, "Start", &"replace").await;
    player.manager("EnqueueUnitJob", &("group.target", "stop", "replace")).await;
    player.manager("StopUnit", &("one.service", "replace")).await;
    player.manager("StartUnit", &("slow.service", "replace")).await;
    player.properties(&unit("slow.service"), UNIT, &["ActiveState", "SubState"]).await;
    player.manager("ListUnitsByNames", &vec!["slow.service", "one.service", "nope.service"]).await;
    player.manager("StartUnitReplace", &("slow.service", "one.service", "replace")).await;
    player.manager("StopUnit", &("slow.service", "replace")).await;
    player.manager("StartUnitReplace", &("slow.service", "quick.service", "replace")).await;
    for name in ["fails.service", "slow.service"] {
        player.manager("ResetFailedUnit", &name).await;
    }
    player.manager("ListUnitsByPatterns", &(Vec::<String>::new(), vec!["fails.*", "one.serv*"])).await;
    player.manager("ListUnitsByPatterns", &(vec!["failed"], Vec::<String>::new())).await;
    player.manager("KillUnit", &("one.service", "main", 9)).await;
    player.manager("ResetFailedUnit", &"one.service").await;
    player.manager("StopUnit", &("one.service", "replace")).await;
}

async fn environment(player: &mut Player) {
    player.manager("SetEnvironment", &vec!["PLAYER_A=1", "PLAYER_B=x=y z"]).await;
    player.manager("SetEnvironment", &vec!["PLAYER_C"]).await;
    player.manager("SetEnvironment", &vec!["1X=2"]).await;
    player.manager("UnsetEnvironment", &vec!["PLAYER_A=2", "PLAYER_NONE"]).await;
    player.manager("UnsetEnvironment", &vec!["a b"]).await;
    player.manager("UnsetAndSetEnvironment", &(vec!["PLAYER_A"], vec!["PLAYER_A=new", "PLAYER_D=4"])).await;
    player.manager("UnsetAndSetEnvironment", &(vec!["PLAYER_B"], vec!["PLAYER_D"])).await;
    player.manager("UnsetEnvironment", &vec!["PLAYER_D=4"]).await;
    player.manager("StartUnit", &("prints.service", "replace")).await;
}

const GENERAL: [&str; 71] = [
    "Id",
    "Names",
    "Following",
    "Requires",
    "Requisite",
    "Wants",
    "BindsTo",
    "PartOf",
    "Upholds",
    "RequiredBy",
    "WantedBy",
    "BoundBy",
    "UpheldBy",
    "ConsistsOf",
    "Conflicts",
    "OnSuccess",
    "OnSuccessOf",
    "OnFailure",
    "OnFailureOf",
    "Triggers",
    "TriggeredBy",
    "PropagatesReloadTo",
    "ReloadPropagatedFrom",
    "PropagatesStopTo",
    "StopPropagatedFrom",
    "JoinsNamespaceOf",
    "Documentation",
    "Description",
    "LoadState",
    "ActiveState",
    "FreezerState",
    "SubState",
    "FragmentPath",
    "SourcePath",
    "DropInPaths",
    "UnitFileState",
    "UnitFilePreset",
    "CanStart",
    "CanStop",
    "CanReload",
    "CanIsolate",
    "Job",
    "StopWhenUnneeded",
    "RefuseManualStart",
    "RefuseManualStop",
    "AllowIsolate",
    "DefaultDependencies",
    "SurviveFinalKillSignal",
    "OnSuccessJobMode",
    "OnFailureJobMode",
    "IgnoreOnIsolate",
    "NeedDaemonReload",
    "JobTimeoutUSec",
    "JobRunningTimeoutUSec",
    "JobTimeoutAction",
    "ConditionResult",
    "AssertResult",
    "Conditions",
    "Asserts",
    "LoadError",
    "Transient",
    "Perpetual",
    "StartLimitIntervalUSec",
    "StartLimitBurst",
    "StartLimitAction",
    "FailureAction",
    "FailureActionExitStatus",
    "SuccessAction",
    "SuccessActionExitStatus",
    "CollectMode",
    "Refs",
];

const OF_SERVICES: [&str; 51] = [
    "Type",
    "ExitType",
    "Restart",
    "RestartMode",
    "PIDFile",
    "NotifyAccess",
    "RestartUSec",
    "RestartSteps",
    "RestartMaxDelayUSec",
    "RestartUSecNext",
    "TimeoutStartUSec",
    "TimeoutStopUSec",
    "TimeoutAbortUSec",
    "TimeoutStartFailureMode",
    "TimeoutStopFailureMode",
    "RuntimeMaxUSec",
    "WatchdogUSec",
    "RemainAfterExit",
    "GuessMainPID",
    "RestartPreventExitStatus",
    "RestartForceExitStatus",
    "SuccessExitStatus",
    "ControlPID",
    "BusName",
    "StatusText",
    "Result",
    "ReloadResult",
    "UID",
    "GID",
    "NRestarts",
    "OOMPolicy",
    "ReloadSignal",
    "ExecMainCode",
    "ExecMainStatus",
    "Slice",
    "Delegate",
    "CPUWeight",
    "MemoryHigh",
    "Environment",
    "EnvironmentFiles",
    "UMask",
    "LimitNOFILE",
    "LimitNOFILESoft",
    "WorkingDirectory",
    "StandardInput",
    "StandardOutput",
    "StandardError",
    "RuntimeDirectory",
    "KillMode",
    "KillSignal",
    "SendSIGHUP",
];

async fn properties(player: &mut Player) {
    for name in ["one.service", "fails.service", "skipped.service"] {
        player.manager("StartUnit", &(name, "replace")).await;
    }
    for name in [
        "one.service",
        "fails.service",
        "skipped.service",
        "masked.service",
        "bad-setting.service",
        "nope.service",
        "alias.service",
        "many.service",
    ] {
        player.properties(&unit(name), UNIT, &GENERAL).await;
        player.properties(&unit(name), SERVICE, &OF_SERVICES).await;
    }
    player.properties(&unit("by-dependency.target"), UNIT, &GENERAL).await;
    player
        .properties(
            &unit("t.timer"),
            "org.freedesktop.systemd1.Timer",
            &[
                "Unit",
                "TimersMonotonic",
                "TimersCalendar",
                "AccuracyUSec",
                "Persistent",
                "Result",
                "RemainAfterElapse",
            ],
        )
        .await;
    player
        .properties(
            &unit("p.path"),
            "org.freedesktop.systemd1.Path",
            &["Unit", "Paths", "MakeDirectory", "DirectoryMode", "Result", "TriggerLimitBurst"],
        )
        .await;
    player
        .properties(
            &unit("s.socket"),
            "org.freedesktop.systemd1.Socket",
            &[
                "Listen",
                "Backlog",
                "TimeoutUSec",
                "SocketMode",
                "DirectoryMode",
                "Accept",
                "MaxConnections",
                "FileDescriptorName",
                "Result",
                "Symlinks",
                "KillMode",
                "Slice",
            ],
        )
        .await;
    player.properties(&unit("app.slice"), "org.freedesktop.systemd1.Slice", &["Slice", "CPUWeight"]).await;
    player
        .properties(
            MANAGER,
            "org.freedesktop.systemd1.Manager",
            &["Architecture", "DefaultTimeoutStartUSec", "SystemState", "NFailedUnits", "Progress", "NJobs"],
        )
        .await;
    player.manager("ResetFailed", &()).await;
}

async fn interfaces(player: &mut Player) {
    player.introspect(MANAGER).await;
    player.all(MANAGER, "org.freedesktop.systemd1.Manager").await;
    for (name, kind) in [
        ("one.service", "Service"),
        ("t.timer", "Timer"),
        ("p.path", "Path"),
        ("s.socket", "Socket"),
        ("app.slice", "Slice"),
        ("basic.target", "Target"),
    ] {
        player.introspect(&unit(name)).await;
        player.all(&unit(name), UNIT).await;
        player.all(&unit(name), &format!("org.freedesktop.systemd1.{kind}")).await;
    }
}

async fn files(player: &mut Player) {
    for name in ["installable.service", "one.service", "masked.service", "alias.service"] {
        player.manager("GetUnitFileState", &name).await;
    }
    player.manager("ListUnitFilesByPatterns", &(Vec::<String>::new(), vec!["installable.*"])).await;
    player.manager("EnableUnitFiles", &(vec!["installable.service"], false, false)).await;
    player.manager("EnableUnitFilesWithFlags", &(vec!["installable.service"], 0u64)).await;
    player.manager("GetUnitFileState", &"installable.service").await;
    player.manager("GetUnitFileLinks", &("installable.service", false)).await;
    player.manager("DisableUnitFilesWithFlagsAndInstallInfo", &(vec!["installable.service"], 0u64)).await;
    player.manager("GetUnitFileState", &"installable.service").await;
    player.manager("ReenableUnitFiles", &(vec!["installable.service"], true, false)).await;
    player.manager("GetUnitFileState", &"installable.service").await;
    player.manager("DisableUnitFiles", &(vec!["installable.service"], true)).await;
    player.manager("MaskUnitFiles", &(vec!["installable.service"], true, false)).await;
    player.manager("GetUnitFileState", &"installable.service").await;
    player.manager("UnmaskUnitFiles", &(vec!["installable.service"], true)).await;
    player
        .manager("AddDependencyUnitFiles", &(vec!["one.service"], "group.target", "Wants", true, false))
        .await;
    player.manager("EnableUnitFiles", &(vec!["one.service"], false, false)).await;
    player.manager("GetDefaultTarget", &()).await;
    player.manager("SetDefaultTarget", &("group.target", true)).await;
    player.manager("GetDefaultTarget", &()).await;
    player.manager("Reload", &()).await;
}

type Settings<'a> = Vec<(&'a str, Variant<'a>)>;
type Others<'a> = Vec<(&'a str, Settings<'a>)>;

async fn transient(player: &mut Player) {
    player.followed = vec!["/made_2eservice", "_2escope"];
    player.manager("Subscribe", &()).await;
    let none: Others<'_> = Vec::new();
    let refused: [(&str, Settings<'_>); 6] = [
        ("x.scope", Vec::new()),
        ("x.target", Vec::new()),
        ("one.service", Vec::new()),
        ("x.service", Vec::new()),
        ("x.service", vec![("Foo", Variant::from("a"))]),
        ("x.service", vec![("Restart", Variant::from("sometimes"))]),
    ];
    for (name, settings) in &refused {
        player.manager("StartTransientUnit", &(*name, "fail", settings, &none)).await;
    }
    let sleep = vec![("/bin/sleep", vec!["sleep", "1000"], false)];
    let settings: Settings<'_> = vec![
        ("Description", Variant::from("100% made up")),
        ("ExecStart", Variant::from(sleep)),
        ("Environment", Variant::from(vec!["A=b c", "Q=\"%i\""])),
        ("RemainAfterExit", Variant::from(true)),
        ("TimeoutStopUSec", Variant::from(5_000_000u64)),
        ("Slice", Variant::from("background.slice")),
        ("CollectMode", Variant::from("inactive-or-failed")),
        ("Nice", Variant::from(3i32)),
        ("UMask", Variant::from(0o77u32)),
        ("After", Variant::from(vec!["basic.target"])),
    ];
    player.manager("StartTransientUnit", &("made.service", "fail", &settings, &none)).await;
    player
        .properties(
            &unit("made.service"),
            UNIT,
            &["Description", "Transient", "ActiveState", "CollectMode", "UnitFileState"],
        )
        .await;
    player
        .properties(
            &unit("made.service"),
            SERVICE,
            &["Environment", "TimeoutStopUSec", "Slice", "Nice", "UMask", "RemainAfterExit"],
        )
        .await;
    player.manager("StartTransientUnit", &("made.service", "fail", &settings, &none)).await;
    player.manager("StopUnit", &("made.service", "replace")).await;
    player.manager("GetUnit", &"made.service").await;

    let mut child = std::process::Command::new("sleep")
        .arg("1000")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    player.name_number(child.id());
    let scope: Settings<'_> = vec![
        ("Description", Variant::from("An application")),
        ("PIDs", Variant::from(vec![child.id()])),
        ("CollectMode", Variant::from("inactive-or-failed")),
    ];
    player.manager("StartTransientUnit", &("app-gnome-x-1.scope", "fail", &scope, &none)).await;
    player
        .properties(
            &unit("app-gnome-x-1.scope"),
            UNIT,
            &["Description", "ActiveState", "SubState", "CanStart", "CanStop", "Transient"],
        )
        .await;
    player
        .properties(
            &unit("app-gnome-x-1.scope"),
            "org.freedesktop.systemd1.Scope",
            &["TimeoutStopUSec", "Result", "Slice", "OOMPolicy", "KillSignal"],
        )
        .await;
    player.manager("GetUnitByPID", &child.id()).await;
    player.manager("AbandonScope", &"app-gnome-x-1.scope").await;
    player.manager("StopUnit", &("app-gnome-x-1.scope", "replace")).await;
    player.manager("GetUnit", &"app-gnome-x-1.scope").await;
    let _ = child.kill();
    let _ = child.wait();

    let gone: Settings<'_> = vec![("PIDs", Variant::from(vec![99_999_999u32]))];
    player.manager("StartTransientUnit", &("gone.scope", "fail", &gone, &none)).await;
}
