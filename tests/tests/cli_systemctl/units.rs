//! The units that both look at.

pub const UNITS: &[(&str, &str)] = &[
    (
        "w-run.service",
        "[Unit]\nDescription=Runs for long\nDocumentation=man:true(1) https://example.org/\nWants=w-once.service\nAfter=w-once.service\n\
         [Service]\nType=exec\nExecStartPre=-/bin/false\nExecStart=/bin/sleep 1000000\nExecReload=/bin/true\n\
         Environment=A=1 \"B=two words\" \"C=it's\"\nEnvironmentFile=-/none\nTimeoutStartSec=90\nTimeoutStopSec=1500ms\n\
         RestartSec=100ms\nSuccessExitStatus=3 SIGUSR1\nUMask=0077\nLimitNOFILE=1000:2000\n",
    ),
    ("w-run.service.d/10.conf", "[Service]\nNice=3\n"),
    ("w-once.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'exit 0'\n"),
    ("w-fails.service", "[Unit]\nDescription=Fails\n[Service]\nExecStart=/bin/sh -c 'exit 7'\n"),
    ("w-fails-once.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n"),
    (
        "w-needs.service",
        "[Unit]\nRequires=w-fails-once.service\nAfter=w-fails-once.service\n[Service]\nExecStart=/bin/sleep 9999\n",
    ),
    ("w-bad.service", "[Service]\nType=simple\n"),
    (
        "w-manual.service",
        "[Unit]\nRefuseManualStart=yes\nRefuseManualStop=yes\n[Service]\nExecStart=/bin/sleep 9999\n",
    ),
    (
        "w-slow.service",
        "[Service]\nExecStartPre=/bin/sleep 9999\nExecStart=/bin/true\nTimeoutStartSec=infinity\n",
    ),
    ("w-after-slow.service", "[Unit]\nAfter=w-slow.service\n[Service]\nExecStart=/bin/sleep 9999\n"),
    ("w-killed.service", "[Service]\nExecStart=/bin/sh -c 'kill -KILL $$$$'\n"),
    ("w-short.service", "[Service]\nExecStart=/bin/sleep 0.3\n"),
    (
        "w-t@.service",
        "[Unit]\nDescription=Instance %i\n[Service]\nExecStart=/bin/sleep 9999\n[Install]\nWantedBy=w-a.target\n",
    ),
    (
        "w-a.target",
        "[Unit]\nDescription=Top\nRequires=w-b.target w-run.service\nWants=w-t@one.service w-missing.service w-c.target\nAfter=w-run.service\n",
    ),
    ("w-b.target", "[Unit]\nWants=w-once.service w-c.target\n"),
    ("w-c.target", "[Unit]\nWants=w-fails.service w-b.target\nAllowIsolate=yes\n"),
    ("w-s.socket", "[Socket]\nListenStream=%t/w-s\nSocketMode=0600\n"),
    ("w-s.service", "[Service]\nExecStart=/bin/sleep 9999\n"),
    ("w-i.timer", "[Timer]\nOnActiveSec=1h 30min\nOnCalendar=*-01-01\nUnit=w-once.service\n"),
    ("w-p.path", "[Path]\nPathExists=/nonexistent/%u\nUnit=w-once.service\n"),
    (
        "w-en.service",
        "[Service]\nExecStart=/bin/sleep 9999\n[Install]\nWantedBy=w-a.target\nAlias=w-alias.service\n",
    ),
    ("w-static.service", "[Service]\nExecStart=/bin/sleep 9999\n"),
    (
        "w-dirs.service",
        "[Service]\nType=oneshot\nExecStart=/bin/true\nRuntimeDirectory=w-dirs\nRuntimeDirectoryPreserve=yes\n\
         StateDirectory=w-dirs\nCacheDirectory=w-dirs\nLogsDirectory=w-dirs\n",
    ),
    ("-> w-masked.service", "/dev/null"),
];

/// Brings them into different states.
pub const BEGIN: &str = "
systemctl --user start w-a.target w-s.socket w-i.timer w-p.path
systemctl --user start w-fails-once.service
systemctl --user start w-dirs.service
systemctl --user start w-killed.service
systemctl --user start --no-block w-slow.service w-after-slow.service
systemctl --user set-environment W_SPACE='two words' W_QUOTE=\"it's\" W_PLAIN=/a:b W_EMPTY= 'W_LINES=a	b'
# Until what ends by itself has ended.
for unit in w-fails w-killed w-fails-once; do
    until systemctl --user is-failed --quiet $unit.service; do sleep 0.05; done
done
exit 0
";
