//! `org.varlink.service`: what the service says about itself.

use serde_json::json;
use userdb::interface::description::{SYSTEMD, USER_DATABASE, VARLINK_SERVICE};
use userdb::varlink::call::Call;
use userdb::varlink::service_error::{INTERFACE_NOT_FOUND, INVALID_PARAMETER};

use super::replies::ReplyBuffer;

/// Who made the service.
pub const GET_INFO: &str = "org.varlink.service.GetInfo";
/// The text of an interface.
pub const GET_INTERFACE_DESCRIPTION: &str = "org.varlink.service.GetInterfaceDescription";

/// In the order of their names.
const INTERFACES: [userdb::interface::description::Description; 4] =
    [crate::lending::interface::DESCRIPTION, SYSTEMD, USER_DATABASE, VARLINK_SERVICE];

/// Answers `GetInfo`.
pub fn info(call: &Call<'_>, replies: &mut ReplyBuffer) {
    if let Some((unknown, _)) = call.parameters().0.first() {
        replies.error_with(INVALID_PARAMETER, "parameter", unknown);
        return;
    }
    let info = json!({
        "vendor": "Usher",
        "product": "userdbd",
        "version": env!("CARGO_PKG_VERSION"),
        "url": "https://systemd.io/USER_GROUP_API",
        "interfaces": INTERFACES.map(|(name, _)| name),
    });
    replies.service_info(&info);
}

/// Answers `GetInterfaceDescription`.
pub fn interface_description(call: &Call<'_>, replies: &mut ReplyBuffer) {
    let parameters = call.parameters();
    let Some(name) = parameters.get("interface").and_then(|value| value.as_str()) else {
        replies.error_with(INVALID_PARAMETER, "parameter", "interface");
        return;
    };
    // A second `interface` is as unknown as any other field.
    if let Some((unknown, _)) =
        parameters.0.iter().find(|(key, _)| key != "interface").or(parameters.0.get(1))
    {
        replies.error_with(INVALID_PARAMETER, "parameter", unknown);
        return;
    }
    match INTERFACES.iter().find(|(known, _)| *known == name) {
        Some((_, description)) => replies.service_info(&json!({ "description": description })),
        None => replies.error_with(INTERFACE_NOT_FOUND, "interface", name),
    }
}
