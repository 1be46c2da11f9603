//! A port of this machine, and what answers there until it is dropped.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// A port that nobody answers yet.
pub struct Port(TcpListener);

/// What answers each connection, until it is dropped.
pub struct Listener {
    address: SocketAddr,
    is_closed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Port {
    pub fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// Its address, as a client writes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// Answers each connection in a thread of its own.
    pub fn listen(
        self,
        answer: impl Fn(TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Listener {
        let address = self.0.local_addr().unwrap();
        let is_closed = Arc::new(AtomicBool::new(false));
        let (closed, answer) = (Arc::clone(&is_closed), Arc::new(answer));
        let thread = std::thread::spawn(move || {
            for stream in self.0.incoming() {
                if closed.load(Ordering::SeqCst) {
                    return;
                }
                // A client that hangs up is no concern of the server.
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || stream.and_then(|stream| answer(stream)));
            }
        });
        Listener { address, is_closed, thread: Some(thread) }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}
