//! The load balancer before several routers: it deals connections out, and knows nothing of what goes over them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};

use super::tasks::Tasks;
use crate::accept::accept;

/// One address for several routers. Dropping it ends its listener and its connections.
#[derive(Debug)]
pub(super) struct LoadBalancer {
    addr: SocketAddr,
    tasks: Arc<Tasks>,
}

impl LoadBalancer {
    /// Listens and gives each connection to the next of the routers, in turns. Fails where the address cannot be
    /// listened on.
    pub(super) async fn start(listen: SocketAddr, routers: Vec<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let tasks = Arc::new(Tasks::default());
        // The tasks hold each other only weakly: else none of them would ever be dropped.
        let weak = Arc::downgrade(&tasks);
        tasks.spawn(async move {
            for router in routers.iter().cycle() {
                let (client, _) = accept(&listener).await;
                let Some(tasks) = weak.upgrade() else { return };
                let router = *router;
                tasks.spawn(async move {
                    if let Ok(router) = TcpStream::connect(router).await {
                        join(client, router).await;
                    }
                });
            }
        });
        Ok(Self { addr, tasks })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for LoadBalancer {
    fn drop(&mut self) {
        self.tasks.abort();
    }
}

/// Passes bytes both ways until both sides have ended.
pub(super) async fn join(mut client: TcpStream, mut server: TcpStream) {
    // Either end may break off, and small answers must not wait for more: what cannot be had is the client's to see.
    if client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_ok() {
        drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
    }
}
