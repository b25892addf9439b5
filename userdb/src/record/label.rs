//! The `service` label: which userdb service a record comes from.

use serde_json::Value;

use super::Object;
use super::layers::Layers;
use crate::Host;

impl Layers {
    /// Names the service that a record comes from, unless the record does. Clients refuse records that say nothing.
    ///
    /// As systemd does, the label goes into `status` of this machine, which is not part of what may be signed; a
    /// host without a machine id has no such place, so that it goes to the top level.
    pub(super) fn set_service_label(&mut self, service: &str, host: &Host) {
        let is_set = |fields: Option<&Value>| fields.is_some_and(Value::is_string);
        if is_set(self.json().get("service")) {
            return;
        }
        let Some(machine_id) = host.machine_id.as_deref() else {
            self.json_mut().insert("service".to_owned(), service.into());
            return;
        };
        let status = object_at(self.json_mut(), "status");
        let Some(machine) = status.and_then(|status| object_at(status, machine_id)) else { return };
        if !is_set(machine.get("service")) {
            machine.insert("service".to_owned(), service.into());
        }
        self.set_machine_id(machine_id);
    }
}

/// The object at a key. Anything else that is there gives way; loading leaves nothing else there.
fn object_at<'a>(parent: &'a mut Object, key: &str) -> Option<&'a mut Object> {
    let value = parent.entry(key).or_insert(Value::Null);
    if !value.is_object() {
        *value = Value::Object(Object::new());
    }
    value.as_object_mut()
}
