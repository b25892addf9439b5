//! Answering calls: connections, who asks, and which part answers.

pub mod connection;
mod enumerate;
mod fast_lane;
mod input;
mod inside;
mod limits;
mod lookup;
mod memberships;
mod query;
pub mod replies;
mod service_info;

use std::os::unix::net::UnixListener;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{UnixListener as AsyncListener, UnixStream};
use userdb::interface::{GET_MEMBERSHIPS, error};
use userdb::varlink::call::Call;
use userdb::varlink::service_error;

use crate::index::{Index, Kind};
use crate::lending::{self, Lending};
use crate::listen::{DROP_IN, DYNAMIC_USER, MULTIPLEXER, NAME_SERVICE_SWITCH};
use crate::reload::Current;
use crate::source::backend::Backend;
use crate::source::backends::Backends;
use crate::source::nss::Modules;
use fast_lane::Lanes;
use limits::Ledger;
use replies::{Replies, ReplyBuffer};

pub use limits::{Ledger as Limits, Share};

/// What every connection shares.
#[derive(Debug)]
pub struct Server {
    current: Rc<Current>,
    backends: Rc<Backends>,
    modules: Modules,
    lending: Rc<Lending>,
    ledger: Rc<Ledger>,
    lanes: Lanes,
}

/// Which of the services behind the socket is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// All of them.
    Multiplexer,
    /// passwd and its kin.
    Accounts,
    /// The userdb directories.
    DropIns,
    /// Pools, and users that are lent.
    DynamicUsers,
}

impl Service {
    fn parse(name: &str) -> Option<Self> {
        match name {
            MULTIPLEXER => Some(Self::Multiplexer),
            NAME_SERVICE_SWITCH => Some(Self::Accounts),
            DROP_IN => Some(Self::DropIns),
            DYNAMIC_USER => Some(Self::DynamicUsers),
            _ => None,
        }
    }
}

impl Server {
    /// Puts the parts together.
    pub fn new(
        current: Rc<Current>,
        backends: Rc<Backends>,
        modules: Modules,
        lending: Rc<Lending>,
        ledger: Ledger,
    ) -> Rc<Self> {
        Rc::new(Self {
            current,
            backends,
            modules,
            lending,
            ledger: Rc::new(ledger),
            lanes: Lanes::default(),
        })
    }

    /// Accepts connections for as long as the daemon runs.
    ///
    /// # Errors
    /// When the listening socket cannot be used.
    pub async fn listen(self: Rc<Self>, listener: UnixListener) -> std::io::Result<()> {
        listener.set_nonblocking(true)?;
        let listener = AsyncListener::from_std(listener)?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => self.admit(stream),
                Err(error) => {
                    tracing::warn!("accepting a connection: {error}");
                    // Most likely there are no descriptors left. They come back as connections end.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn admit(self: &Rc<Self>, stream: UnixStream) {
        let Ok(peer) = stream.peer_cred() else { return };
        let Some(share) = self.ledger.admit(peer.uid(), peer.pid()) else {
            tracing::debug!(uid = peer.uid(), "too many connections");
            return;
        };
        let server = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let (uid, connection) = (share.uid(), share.connection());
            let ended = connection::serve(Rc::clone(&server), stream, share).await;
            server.lending.connection_ended(connection).await;
            if let Err(error) = ended {
                tracing::debug!(uid, "connection ended: {error}");
            }
        });
    }

    /// Everybody who is asked for what a service does not know from files, in the order in which their answers count.
    fn others(&self, service: Service, index: &Index, share: &Share) -> Vec<Rc<Backend>> {
        let modules = match service {
            Service::Multiplexer | Service::Accounts => self.modules.backend(&index.switch, share.pid()),
            Service::DropIns | Service::DynamicUsers => None,
        };
        let backends = match service {
            Service::Multiplexer => self.backends.all(),
            Service::Accounts | Service::DropIns | Service::DynamicUsers => Vec::new(),
        };
        modules.into_iter().chain(backends).filter(|backend| !backend.hangs()).collect()
    }

    /// Answers one call.
    ///
    /// # Errors
    /// When the peer is gone.
    async fn answer(&self, call: &Call<'_>, share: &Share, replies: &mut Replies<'_>) -> std::io::Result<()> {
        replies.begin(call);
        if let Some(kind) = Kind::of_method(&call.method) {
            return self.records(kind, call, share, replies).await;
        }
        match &*call.method {
            GET_MEMBERSHIPS => self.memberships(call, share, replies).await,
            service_info::GET_INFO => {
                service_info::info(call, replies);
                Ok(())
            }
            service_info::GET_INTERFACE_DESCRIPTION => {
                service_info::interface_description(call, replies);
                Ok(())
            }
            method if lending::interface::is_method(method) => {
                self.lending.answer(call, share.uid(), share.connection(), replies).await;
                Ok(())
            }
            unknown => {
                replies.error_with(service_error::METHOD_NOT_FOUND, "method", unknown);
                Ok(())
            }
        }
    }
}

/// The service that a request names, or the error that tells that there is none.
fn service_of(name: &str, replies: &mut ReplyBuffer) -> Option<Service> {
    let service = Service::parse(name);
    if service.is_none() {
        replies.error(error::BAD_SERVICE);
    }
    service
}
