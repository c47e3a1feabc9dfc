//! The systemd units.

use std::fs;
use std::time::Duration;

use super::{path, shipped};
use crate::harness::{Identity, Server, TempDir, chatd};

/// What systemd 239 of RHEL 8 does not know in the sections that there are, and 252 does.
const TOO_NEW: &str = "AssertCPUFeature AssertCPUPressure AssertCPUs AssertCredential \
    AssertEnvironment AssertIOPressure AssertMemory AssertMemoryPressure AssertOSRelease \
    AssertPathIsEncrypted BPFProgram ConditionCPUFeature ConditionCPUPressure ConditionCPUs \
    ConditionCredential ConditionEnvironment ConditionFirmware ConditionIOPressure \
    ConditionMemory ConditionMemoryPressure ConditionOSRelease ConditionPathIsEncrypted \
    CoredumpFilter DisableControllers ExecPaths ExecSearchPath ExitType ExtensionDirectories \
    ExtensionImages FailureActionExitStatus FinalKillSignal IPCNamespacePath \
    IPEgressFilterPath IPIngressFilterPath LoadCredential LoadCredentialEncrypted \
    LogNamespace ManagedOOMMemoryPressure ManagedOOMMemoryPressureLimit ManagedOOMPreference \
    ManagedOOMSwap MountImages NetworkNamespacePath NoExecPaths OOMPolicy OnSuccess \
    OnSuccessJobMode PrivateIPC ProcSubset PropagatesStopTo ProtectClock ProtectHostname \
    ProtectKernelLogs ProtectProc RestartKillSignal RestrictFileSystems \
    RestrictNetworkInterfaces RootHash RootHashSignature RootImageOptions RootVerity \
    RuntimeRandomizedExtraSec SetCredential SetCredentialEncrypted SocketBindAllow \
    SocketBindDeny StartupAllowedCPUs StartupAllowedMemoryNodes StopPropagatedFrom \
    SuccessActionExitStatus SystemCallLog TTYColumns TTYRows TimeoutAbortSec TimeoutCleanSec \
    TimeoutStartFailureMode TimeoutStopFailureMode Timestamping Upholds WatchdogSignal";

/// What sshd_config(5) has in OpenSSH 10, and has not in 8.0 of RHEL 8.
const TOO_NEW_FOR_SSHD: [&str; 17] = [
    "ChannelTimeout",
    "HostbasedAcceptedAlgorithms",
    "Include",
    "LogVerbose",
    "ModuliFile",
    "PAMServiceName",
    "PerSourceMaxStartups",
    "PerSourceNetBlockSize",
    "PerSourcePenalties",
    "PerSourcePenaltyExemptList",
    "PubkeyAcceptedAlgorithms",
    "PubkeyAuthOptions",
    "RefuseConnection",
    "RequiredRSASize",
    "SecurityKeyProvider",
    "SshdSessionPath",
    "UnusedConnectionTimeout",
];

const KINDS: [&str; 3] = [".service", ".socket", ".timer"];

/// The names of the services, sockets and timers.
fn units() -> Vec<String> {
    let files = fs::read_dir(path("packaging")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut units: Vec<_> =
        names.filter(|name| KINDS.iter().any(|kind| name.ends_with(kind))).collect();
    units.sort();
    assert!(units.len() > 1, "{units:?}");
    units
}

/// The keys of a unit with their values.
fn settings(unit: &str) -> Vec<(String, String)> {
    let text = shipped(&format!("packaging/{unit}"));
    let lines = text.lines().filter(|line| !line.starts_with(['#', '[']));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[track_caller]
fn value(unit: &str, key: &str) -> String {
    let settings = settings(unit);
    let found = settings.iter().find(|(name, _)| name == key);
    found.unwrap_or_else(|| panic!("{key} in {unit}")).1.clone()
}

#[test]
fn systemd_239_knows_every_key() {
    let too_new: Vec<_> = TOO_NEW.split_whitespace().collect();
    for unit in units() {
        for (key, value) in settings(&unit) {
            assert!(!too_new.contains(&&*key), "{key} in {unit}");
            assert_ne!((&*key, &*value), ("Type", "exec"), "{unit}");
        }
    }
    for (key, _) in settings("newer-systemd.conf") {
        assert!(too_new.contains(&&*key), "{key} could be in chatd.service");
    }
}

#[test]
fn the_sshd_of_rhel_8_knows_every_setting() {
    let text = shipped("packaging/sshd_config");
    let lines = text.lines().map(|line| line.trim_start_matches('#'));
    for keyword in lines.filter_map(|line| line.split(' ').next()) {
        assert!(!TOO_NEW_FOR_SSHD.contains(&keyword), "{keyword}");
    }
}

#[test]
fn the_service_has_room_for_as_many_clients_as_may_come() {
    let most: usize = super::examples()["max-clients"].parse().unwrap();
    let limit = |key| value("chatd.service", key).parse::<usize>().unwrap();
    // Beside the clients there are those who arrive, and the server's own.
    assert!(limit("FileDescriptorStoreMax") >= most + 16);
    assert!(limit("TasksMax") >= most + 1024 + 64 + 16);
    assert!(limit("LimitNOFILE") >= 2 * most + 2 * 1024 + 64);
}

#[test]
fn there_is_time_to_hand_everything_over_before_the_service_is_killed() {
    let limit = humantime::parse_duration(&value("chatd.service", "TimeoutStopSec")).unwrap();
    // Besides, the snapshot has to be written, and the log.
    let needed = chatd::server::HAND_OVER + Duration::from_secs(2);
    assert!(limit >= needed, "{limit:?} are less than {needed:?}");
}

#[test]
fn the_preset_has_a_say_on_every_unit_and_enables_the_service_alone() {
    let preset = shipped("packaging/80-chatd.preset");
    let enabled: Vec<_> = preset.lines().filter_map(|line| line.strip_prefix("enable ")).collect();
    assert_eq!(enabled, ["chatd.service"]);
    for unit in units() {
        let says = |what: &str| preset.lines().any(|line| line == format!("{what} {unit}"));
        assert!(says("enable") || says("disable"), "{unit}");
    }
}

#[test]
fn socket_and_firewall_have_the_default_port() {
    let port = super::examples()["port"].clone();
    assert_eq!(value("chatd.socket", "ListenStream"), port);
    let opens = |service: &str, port: &str| shipped(service).contains(&format!("port=\"{port}\""));
    assert!(opens("packaging/chatd.firewalld.xml", &port));
    for (socket, service) in [
        ("chatd-web.socket", "chatd-web"),
        ("chatd-tls.socket", "chatd-tls"),
        ("chatd-irc.socket", "chatd-irc"),
        ("chatd-irc-tls.socket", "chatd-irc"),
    ] {
        let service = format!("packaging/{service}.firewalld.xml");
        assert!(opens(&service, &value(socket, "ListenStream")), "{socket}");
    }
}

#[test]
fn sockets_are_called_what_the_server_calls_its_listeners() {
    let dir = TempDir::new();
    let ports = dir.path("ports");
    let [certificate, key] = Identity::new().save(&dir);
    let mut command = chatd();
    command.args([
        "--bind",
        "127.0.0.1",
        "--port",
        "0",
        "--web-port",
        "0",
        "--tls-port",
        "0",
        "--irc-port",
        "0",
        "--irc-tls-port",
        "0",
    ]);
    command.args(["--tls-cert", &certificate, "--tls-key", &key, "--port-file", &ports]);
    let _server = Server::run_at(command, &ports);
    let ports = fs::read_to_string(ports).unwrap();
    let sockets = [
        "chatd.socket",
        "chatd-web.socket",
        "chatd-tls.socket",
        "chatd-irc.socket",
        "chatd-irc-tls.socket",
    ];
    assert_eq!(ports.lines().count(), sockets.len(), "{ports}");
    for (socket, line) in sockets.into_iter().zip(ports.lines()) {
        let name = value(socket, "FileDescriptorName");
        assert!(line.starts_with(&format!("{name} ")), "{socket}: {line}");
        assert_eq!(value(socket, "Service"), "chatd.service");
    }
}
