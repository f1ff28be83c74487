//! What the tests run on: the guest component, built once, in a host process of their own, on the real Redis of the
//! stack and with a small web server that the guest may reach.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};

/// Below cargo's target folder.
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

/// How long a host may take to end after it was asked to.
const END_WITHIN: Duration = Duration::from_secs(60);
/// How long requests may take to the other side of the guest, where another one's component may be compiled meanwhile.
const ARRIVE_WITHIN: Duration = Duration::from_secs(120);

/// The variables of [`MANIFEST`] that have no default.
pub(crate) const KEY: (&str, &str) = ("SPIN_VARIABLE_KEY", "s3cret");

const MANIFEST: &str = r#"
spin_manifest_version = 2

[application]
name = "guest"

[variables]
greeting = { default = "good evening" }
key = { required = true, secret = true }
redis_host = { default = "127.0.0.1:1" }
web_host = { default = "127.0.0.1:1" }

[[trigger.http]]
route = "/..."
component = "guest"

[component.guest]
source = "SOURCE"
allowed_outbound_hosts = ["redis://{{ redis_host }}", "http://{{ web_host }}"]

[component.guest.variables]
greeting = "{{ greeting }}, {{ key }}"
"#;

/// A host process; it is killed when this is dropped.
pub(crate) struct Host {
    child: Child,
    /// Where it listens: `http://127.0.0.1:…`.
    pub(crate) url: String,
    log: PathBuf,
}

impl Host {
    /// Starts one and waits until it listens.
    ///
    /// # Panics
    /// When it does not start; with its log.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let (mut child, log) = spawn(&[], variables);
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is a pipe"))
            .read_line(&mut line)
            .expect("a line");
        let Some(url) = line.trim_end().strip_prefix("listening on ") else {
            let _ = child.kill();
            panic!("the host did not start: {}", read(&log));
        };
        Self {
            child,
            url: url.to_owned(),
            log,
        }
    }

    /// With everything that the guest may reach: Redis, and a web server at `web` (`host:port`).
    pub(crate) fn with_neighbours(web: &str) -> Self {
        Self::start(&[
            KEY,
            ("SPIN_VARIABLE_REDIS_HOST", &redis_host()),
            ("SPIN_VARIABLE_WEB_HOST", web),
        ])
    }

    /// What it has written so far.
    pub(crate) fn log(&self) -> String {
        read(&self.log)
    }

    /// Asks it to end, as a service manager does.
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill")
            .arg("-TERM")
            .arg(self.child.id().to_string())
            .status()
            .expect("kill runs");
        assert!(status.success(), "the host was not there any more");
    }

    /// How it ended.
    ///
    /// # Panics
    /// When it does not.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + END_WITHIN;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the host did not end: {}", self.log());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            forget(&self.log);
        }
    }
}

/// Removes a host's folder; that of a failed test stays.
fn forget(log: &Path) {
    std::fs::remove_dir_all(log.parent().expect("a folder of its own")).expect("it is there");
}

/// Runs a host that ends by itself: whether it succeeded, what it printed, and its log.
pub(crate) fn run(flags: &[&str], variables: &[(&str, &str)]) -> (bool, String, String) {
    let (child, log) = spawn(flags, variables);
    let output = child.wait_with_output().expect("our own child");
    let said = String::from_utf8(output.stdout).expect("text");
    let logged = read(&log);
    forget(&log);
    (output.status.success(), said, logged)
}

fn spawn(flags: &[&str], variables: &[(&str, &str)]) -> (Child, PathBuf) {
    static HOSTS: AtomicUsize = AtomicUsize::new(0);
    let name = format!("host-{}-{}", std::process::id(), HOSTS.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(SCRATCH).join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    let manifest = folder.join("spin.toml");
    let source = guest().to_str().expect("a path that is text");
    std::fs::write(&manifest, MANIFEST.replace("SOURCE", source)).expect("a manifest");
    let log = folder.join("log");
    let child = Command::new(env!("CARGO_BIN_EXE_stanchion-spin-host"))
        .args(["--listen", "127.0.0.1:0", "--manifest"])
        .arg(&manifest)
        .arg("--cache")
        .arg(Path::new(SCRATCH).join("compiled"))
        .args(flags)
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(File::create(&log).expect("a log"))
        .spawn()
        .expect("the host runs");
    (child, log)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a text file")
}

/// The guest component's file.
pub(crate) fn guest() -> &'static Path {
    static GUEST: OnceLock<PathBuf> = OnceLock::new();
    GUEST.get_or_init(|| {
        let target = Path::new(SCRATCH).parent().expect("cargo's target folder");
        let component = target.join("wasm32-wasip2/release/stanchion_spin_guest.wasm");
        // scripts/test has built it, and cargo would wait for whatever else it is compiling.
        if std::env::var("STANCHION_BUILT").is_ok_and(|value| value == "yes") {
            return component;
        }
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--release",
                "--locked",
                "--package",
                "stanchion-spin-guest",
            ])
            .args(["--target", "wasm32-wasip2", "--target-dir"])
            .arg(target)
            .status()
            .expect("cargo runs");
        assert!(
            status.success(),
            "the guest could not be built; is the target there? rustup target add wasm32-wasip2"
        );
        component
    })
}

/// `host:port` of the stack's Redis.
pub(crate) fn redis_host() -> String {
    let url = std::env::var("STANCHION_REDIS_URL").expect("run it in scripts/stack/run: STANCHION_REDIS_URL");
    url.trim_start_matches("redis://").trim_end_matches('/').to_owned()
}

/// A web server for the guest, until the tests end: `/redirect` leads to `/`, everything else says where it is.
/// Returns `host:port`.
pub(crate) fn web() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let head = read_head(&mut stream);
            let answer = if head.starts_with(b"GET /redirect ") {
                "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 5\r\nconnection: close\r\n\r\nmoved"
            } else {
                "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nreached"
            };
            stream.write_all(answer.as_bytes()).expect("an answer");
        }
    });
    address
}

/// A web server that answers nobody until it is opened: a test holds requests in the guest with it for as long as it wants,
/// however busy the machine is.
pub(crate) struct Barrier {
    /// `host:port`.
    pub(crate) address: String,
    state: Arc<(Mutex<BarrierState>, Condvar)>,
}

#[derive(Default)]
struct BarrierState {
    arrived: usize,
    open: bool,
}

impl Barrier {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let state = Arc::new((Mutex::new(BarrierState::default()), Condvar::new()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, state) = (stream.expect("a connection"), Arc::clone(&shared));
                std::thread::spawn(move || hold(stream, &state));
            }
        });
        Self { address, state }
    }

    /// Waits until so many requests are held.
    ///
    /// # Panics
    /// When they have not come after [`ARRIVE_WITHIN`].
    pub(crate) async fn holds(&self, requests: usize) {
        let until = Instant::now() + ARRIVE_WITHIN;
        while self.state.0.lock().expect("no panic").arrived < requests {
            assert!(Instant::now() < until, "{requests} requests are not there");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Answers all that it holds, and whatever comes later.
    pub(crate) fn open(&self) {
        self.state.0.lock().expect("no panic").open = true;
        self.state.1.notify_all();
    }
}

fn hold(mut stream: TcpStream, (state, opened): &(Mutex<BarrierState>, Condvar)) {
    read_head(&mut stream);
    let mut state = state.lock().expect("no panic");
    state.arrived += 1;
    drop(opened.wait_while(state, |state| !state.open).expect("no panic"));
    // Its guest may have been ended meanwhile.
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

fn read_head(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|bytes| bytes == 1) {
        head.push(byte[0]);
    }
    head
}

/// What a GET of this path answers; it must be 200.
pub(crate) async fn get(host: &Host, path: &str) -> String {
    let answer = Client::new()
        .get(format!("{}{path}", host.url))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK, "{path}: {}", host.log());
    answer.text().await.expect("text")
}
