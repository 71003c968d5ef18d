//! The routers of a foundry, as those see them who do not care how many there are: those for HTTP, and the one for TCP.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::access_log::AccessLine;
use super::endpoint::Endpoint;
use super::http::Router;
use super::load_balancer::LoadBalancer;
use super::propagation::Propagation;
use super::settings::RouterSettings;
use super::tcp::TcpRouter;

/// One router or several, which all hear of every route change.
#[derive(Debug)]
pub struct Routers {
    /// Never empty.
    http: Vec<Router>,
    /// Where there are several.
    load_balancer: Option<LoadBalancer>,
    tcp: TcpRouter,
}

impl Routers {
    /// Starts so many routers, at least one, on the current tokio runtime. What the settings say of the address holds
    /// for that which clients connect to. Fails where it cannot be listened on.
    pub async fn start(settings: &RouterSettings, count: usize) -> io::Result<Self> {
        let tcp = TcpRouter::start(settings);
        if count <= 1 {
            let router = Router::start(settings.clone()).await?;
            return Ok(Self { http: vec![router], load_balancer: None, tcp });
        }
        let mut routers = Vec::new();
        for number in 1..=count {
            routers.push(start_behind(settings, number).await?);
        }
        let load_balancer = LoadBalancer::start(settings.listen, routers.iter().map(Router::addr).collect()).await?;
        Ok(Self { http: routers, load_balancer: Some(load_balancer), tcp })
    }

    /// The address that clients connect to.
    pub fn addr(&self) -> SocketAddr {
        self.load_balancer.as_ref().map_or_else(|| self.http[0].addr(), LoadBalancer::addr)
    }

    /// Each of them, but for the one for TCP.
    pub fn all(&self) -> &[Router] {
        &self.http
    }

    /// The router for routes with a port.
    pub fn tcp(&self) -> &TcpRouter {
        &self.tcp
    }

    /// Tells all routers of an instance on a route; each knows it once its own delay is over.
    pub fn register(&self, endpoint: &Endpoint) {
        self.http.iter().for_each(|router| router.register(endpoint.clone()));
    }

    /// Tells all routers that an instance has left a route; each forgets it once its own delay is over.
    pub fn unregister(&self, endpoint: &Endpoint) {
        self.http.iter().for_each(|router| router.unregister(endpoint));
    }

    /// Sets the delays of later route changes on all routers.
    pub fn set_propagation(&self, propagation: Propagation) {
        self.http.iter().for_each(|router| router.set_propagation(propagation));
        self.tcp.set_propagation(propagation);
    }

    /// Lets all routers know now what they have been told; see [`Router::catch_up`] and [`TcpRouter::catch_up`].
    pub async fn catch_up(&self) {
        self.http.iter().for_each(Router::catch_up);
        self.tcp.catch_up().await;
    }

    /// Every request that ends from now on at any of them; see [`Router::subscribe`].
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<Arc<AccessLine>> {
        let (reader, lines) = mpsc::unbounded_channel();
        self.http.iter().for_each(|router| router.shared.access_log.add(reader.clone()));
        lines
    }
}

/// Starts a router on a free port of an IP address of its own, by which `X-Vcap-Router` tells it from the others.
async fn start_behind(settings: &RouterSettings, number: usize) -> io::Result<Router> {
    let at = |ip: Ipv4Addr| RouterSettings { listen: SocketAddr::from((IpAddr::V4(ip), 0)), ..settings.clone() };
    let own = Ipv4Addr::new(127, 0, 0, u8::try_from(number).unwrap_or(1));
    match Router::start(at(own)).await {
        // Not every system has the whole of 127.0.0.0/8.
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => Router::start(at(Ipv4Addr::LOCALHOST)).await,
        started => started,
    }
}
