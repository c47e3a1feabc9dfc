//! Real proxies before a server: HAProxy, nginx, Caddy and stunnel, with the settings that
//! docs/OPERATIONS.md recommends.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use super::{Server, TempDir, eventually, free_port};

/// A proxy on a port of 127.0.0.1. Dropping it kills it.
pub(crate) struct Program {
    child: Child,
    port: u16,
    dir: TempDir,
}

impl Program {
    /// HAProxy with these settings, in which `LISTEN` is its own address.
    #[track_caller]
    pub(crate) fn haproxy(settings: &str) -> Self {
        let log = "    log stdout format raw local0\n    option log-health-checks\n    server box7";
        let settings = settings.replace("    server box7", log);
        Program::start(&settings, |_, file| {
            let mut haproxy = Command::new("haproxy");
            haproxy.args(["-db", "-f", file]);
            haproxy
        })
    }

    /// nginx with these blocks of settings.
    #[track_caller]
    pub(crate) fn nginx(settings: &str) -> Self {
        let all = format!(
            "load_module modules/ngx_stream_module.so;\ndaemon off;\nmaster_process off;\n\
             pid DIR/pid;\nerror_log stderr;\nevents {{}}\n{settings}"
        );
        Program::start(&all, |dir, file| {
            let mut nginx = Command::new("nginx");
            nginx.args(["-e", "stderr", "-c", file]).current_dir(dir.path(""));
            nginx
        })
    }

    /// nginx with these settings of a site.
    #[track_caller]
    pub(crate) fn nginx_site(settings: &str) -> Self {
        Program::nginx_http(&format!("server {{\nlisten LISTEN;\n{settings}}}\n"))
    }

    /// nginx with these blocks of sites, without an access log.
    #[track_caller]
    pub(crate) fn nginx_http(sites: &str) -> Self {
        let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = kinds.map(|kind| format!("{kind}_temp_path DIR/{kind};\n")).concat();
        Program::nginx(&format!("http {{\naccess_log off;\n{temporary}{sites}}}\n"))
    }

    /// Caddy with these sites, in which `PORT` is its own port.
    #[track_caller]
    pub(crate) fn caddy(sites: &str) -> Self {
        let all = format!("{{\nadmin off\nauto_https off\n}}\n{sites}");
        Program::start(&all, |dir, file| {
            let mut caddy = Command::new("caddy");
            caddy.args(["run", "--adapter", "caddyfile", "--config", file]);
            caddy.env("HOME", dir.path(""));
            caddy
        })
    }

    /// stunnel with these settings.
    #[track_caller]
    pub(crate) fn stunnel(settings: &str) -> Self {
        Program::start(&format!("foreground = yes\npid =\n{settings}"), |_, file| {
            let mut stunnel = Command::new("stunnel");
            stunnel.arg(file);
            stunnel
        })
    }

    #[track_caller]
    fn start(settings: &str, command: impl Fn(&TempDir, &str) -> Command) -> Self {
        let (dir, port) = (TempDir::new(), free_port());
        let settings = settings.replace("LISTEN", &format!("127.0.0.1:{port}"));
        let settings = settings.replace("PORT", &port.to_string());
        let file =
            dir.file("settings", settings.replace("DIR", dir.path("").trim_end_matches('/')));
        let log = File::create(dir.path("log")).unwrap();
        let mut command = command(&dir, &file);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut program = Program { child: command.spawn().unwrap(), port, dir };
        eventually("a proxy", || {
            let ended = program.child.try_wait().unwrap();
            assert!(ended.is_none(), "{settings}\n{}", program.log());
            is_listening(port).then_some(())
        });
        program
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path("log")).unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().unwrap();
    }
}

/// Whether a program listens there, asked without a connection that it would forward.
fn is_listening(port: u16) -> bool {
    let sockets = fs::read_to_string("/proc/net/tcp").unwrap();
    let own = format!("0100007F:{port:04X} 00000000:0000 0A");
    sockets.lines().any(|line| line.contains(&own))
}

/// The example of docs/OPERATIONS.md that begins with this line, for a server with a text and a web
/// port.
#[track_caller]
pub(crate) fn example(begins: &str, server: &Server) -> String {
    let document = include_str!("../../../docs/OPERATIONS.md");
    let mut blocks = document.split("```").skip(1).step_by(2);
    let block = blocks.find(|block| block.trim_start().starts_with(begins)).unwrap();
    let block = block.replace("192.0.2.7:1234", &server.addr().to_string());
    block.replace("192.0.2.7:8080", &server.addr_of("web").to_string())
}
