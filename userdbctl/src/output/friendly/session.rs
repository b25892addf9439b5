//! What a session of the user is like.

use userdb::UserRecord;

use super::Fields;
use crate::format::time;

pub(super) fn add(fields: &mut Fields, user: &UserRecord) {
    fields.add_bool("Local Sig.", user.bool("signedLocally"));
    fields.add_optional("Stop Delay", user.u64("stopDelayUSec").map(time::duration));
    fields.add_bool("Autom. Login", user.bool("autoLogin"));
    fields.add_optional("Sess. Launch", user.str("preferredSessionLauncher"));
    fields.add_optional("Session Type", user.str("preferredSessionType"));
    fields.add_bool("Kill Proc.", user.bool("killProcesses"));
}
