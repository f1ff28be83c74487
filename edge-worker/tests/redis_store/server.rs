//! A Redis server of a test's own, that it may kill, restart and set back to an older copy.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::connection::connect;

/// How a server keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// Append-only file, on disk before every answer.
    EveryWrite,
    /// Nothing but the copies that a test asks for.
    Copies,
    /// As [`Keeps::Copies`]; the server is the only node of a cluster, and refuses scripts over several slots.
    CopiesAsCluster,
}

pub(crate) struct Server {
    folder: PathBuf,
    port: u16,
    keeps: Keeps,
    process: Option<Child>,
}

impl Server {
    pub(crate) async fn start(keeps: Keeps) -> Server {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("stanchion-redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut server = Server {
            folder,
            port,
            keeps,
            process: None,
        };
        server.run().await;
        if keeps == Keeps::CopiesAsCluster {
            server.command(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
            while !server.command(&["CLUSTER", "INFO"]).await.contains("cluster_state:ok") {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Starts it on the data it has, and waits until it answers.
    pub(crate) async fn run(&mut self) {
        let yes_if = |yes: bool| if yes { "yes" } else { "no" };
        let settings = [
            ("--port", self.port.to_string()),
            ("--bind", "127.0.0.1".to_owned()),
            ("--dir", self.folder.display().to_string()),
            ("--save", String::new()),
            ("--appendonly", yes_if(self.keeps == Keeps::EveryWrite).to_owned()),
            ("--appendfsync", "always".to_owned()),
            (
                "--cluster-enabled",
                yes_if(self.keeps == Keeps::CopiesAsCluster).to_owned(),
            ),
        ];
        // The kernel ends it with this test, even if that is killed.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", "redis-server"]);
        settings.iter().for_each(|(name, value)| {
            command.arg(name).arg(value);
        });
        self.process = Some(
            command
                .stdout(Stdio::null())
                .spawn()
                .expect("redis-server is installed"),
        );
        while self.try_command(&["PING"]).await.as_deref() != Ok("PONG") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// As by a power failure.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Kills it and starts it on the data it has.
    pub(crate) async fn restart(&mut self) {
        self.kill();
        self.run().await;
    }

    /// A copy of everything as it is now.
    pub(crate) async fn copy(&self) -> Vec<u8> {
        self.command(&["SAVE"]).await;
        std::fs::read(self.folder.join("dump.rdb")).unwrap()
    }

    /// Kills it and starts it on a copy.
    pub(crate) async fn restore(&mut self, copy: &[u8]) {
        self.kill();
        std::fs::write(self.folder.join("dump.rdb"), copy).unwrap();
        self.run().await;
    }

    pub(crate) async fn command(&self, words: &[&str]) -> String {
        self.try_command(words).await.unwrap()
    }

    async fn try_command(&self, words: &[&str]) -> redis::RedisResult<String> {
        let client = redis::Client::open(self.url())?;
        let mut connection = connect(&client).await?;
        let mut command = redis::cmd(words[0]);
        words[1..].iter().for_each(|word| {
            command.arg(word);
        });
        command.query_async(&mut connection).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        // Left behind only if the disk fails; it is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
