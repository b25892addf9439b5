//! Users and groups that only NSS modules know: LDAP's, a domain's. The modules are C code that may hang or crash, so the
//! daemon itself never loads one; [`helper`] processes do.

#[cfg(target_env = "gnu")]
pub mod helper;
pub mod switch;

use std::rc::Rc;
use std::sync::Arc;

use super::backend::Backend;
use switch::Switch;

/// The modules that nsswitch.conf names, as somebody to ask.
#[cfg(target_env = "gnu")]
#[derive(Debug)]
pub struct Modules {
    deadline: std::time::Duration,
    patience: std::time::Duration,
    processes: helper::Processes,
    current: std::cell::RefCell<Option<(Arc<Switch>, Rc<Backend>)>>,
}

#[cfg(target_env = "gnu")]
impl Modules {
    /// Modules have the same time to answer as backends.
    pub fn new(config: &crate::config::Backends) -> Self {
        Self {
            deadline: config.deadline,
            patience: config.patience,
            processes: helper::Processes::default(),
            current: std::cell::RefCell::default(),
        }
    }

    /// Who asks the modules, if there are any. A module that asks this daemon must not be sent back to itself: `peer` is the
    /// process that wants to know.
    pub fn backend(&self, switch: &Arc<Switch>, peer: Option<i32>) -> Option<Rc<Backend>> {
        let mut current = self.current.borrow_mut();
        if switch.is_empty() {
            *current = None;
            return None;
        }
        if peer.is_some_and(|pid| self.processes.contains(pid)) {
            return None;
        }
        if let Some((used, backend)) = &*current
            && **used == **switch
        {
            return Some(Rc::clone(backend));
        }
        let endpoint = super::backend::Endpoint::Helpers(helper::Helpers::new(switch, &self.processes));
        let name = super::accounts::LABEL.to_owned();
        let backend = Rc::new(Backend::new(name, endpoint, self.deadline, self.patience));
        *current = Some((Arc::clone(switch), Rc::clone(&backend)));
        Some(backend)
    }
}

/// A C library without modules.
#[cfg(not(target_env = "gnu"))]
#[derive(Debug)]
pub struct Modules;

#[cfg(not(target_env = "gnu"))]
impl Modules {
    /// There is nothing to set.
    pub fn new(_: &crate::config::Backends) -> Self {
        Self
    }

    /// There is nobody to ask.
    pub fn backend(&self, _: &Arc<Switch>, _: Option<i32>) -> Option<Rc<Backend>> {
        None
    }
}
