//! Subscriptions, and what is done to the manager itself.

use zbus::Message;

use crate::bus::call::Call;
use crate::bus::error::Failure;
use crate::bus::table::Method;

/// The methods.
pub const METHODS: &[Method] = &[
    Method::looking("Subscribe", ("", ""), ("", ""), subscribe),
    Method::looking("Unsubscribe", ("", ""), ("", ""), unsubscribe),
    Method::changing("Reload", ("", ""), ("", ""), reload),
    Method::changing("Reexecute", ("", ""), ("", ""), reload),
    Method::changing("Exit", ("", ""), ("", ""), exit),
    Method::changing("SetExitCode", ("y", "number"), ("", ""), set_exit_code),
    Method::changing("Reboot", ("", ""), ("", ""), of_the_system),
    Method::changing("PowerOff", ("", ""), ("", ""), of_the_system),
    Method::changing("Halt", ("", ""), ("", ""), of_the_system),
    Method::changing("KExec", ("", ""), ("", ""), of_the_system),
    Method::changing("SoftReboot", ("s", "new_root"), ("", ""), of_the_system),
    Method::changing("SwitchRoot", ("ss", "new_root init"), ("", ""), of_the_system),
    Method::looking("LookupDynamicUserByName", ("s", "name"), ("u", "uid"), no_dynamic_users),
    Method::looking("LookupDynamicUserByUID", ("u", "uid"), ("s", "name"), no_dynamic_users),
    Method::looking("GetDynamicUsers", ("", ""), ("a(us)", "users"), no_dynamic_users),
    Method::looking("Dump", ("", ""), ("s", "output"), dump),
    Method::looking("DumpUnitsMatchingPatterns", ("as", "patterns"), ("s", "output"), dump_matching),
];

fn subscribe(call: &mut Call<'_>) -> Result<Message, Failure> {
    let client = call.state.clients.change(&call.sender)?;
    if client.subscribed {
        return Err(Failure::already_subscribed("Client is already subscribed."));
    }
    client.subscribed = true;
    call.answer(&())
}

fn unsubscribe(call: &mut Call<'_>) -> Result<Message, Failure> {
    let client = call.state.clients.change(&call.sender)?;
    if !client.subscribed {
        return Err(Failure::not_subscribed("Client is not subscribed."));
    }
    client.subscribed = false;
    call.answer(&())
}

/// Reads all unit files again. The program itself is not exchanged by `Reexecute`: what a client wants of it, that
/// nothing of the session is lost, holds all the same.
fn reload(call: &mut Call<'_>) -> Result<Message, Failure> {
    call.state.broadcast_to_subscribers("Reloading", &true);
    call.driver.reload();
    call.state.reloads = call.state.reloads.saturating_add(1);
    call.state.broadcast_to_subscribers("Reloading", &false);
    call.answer(&())
}

fn exit(call: &mut Call<'_>) -> Result<Message, Failure> {
    call.driver.request(&crate::daemon::exit_request())?;
    call.answer(&())
}

fn set_exit_code(call: &mut Call<'_>) -> Result<Message, Failure> {
    call.state.exit_code = call.arguments()?;
    call.answer(&())
}

fn of_the_system(call: &mut Call<'_>) -> Result<Message, Failure> {
    let header = call.header();
    let name = header.member().map(|member| member.as_str().to_owned()).unwrap_or_default();
    Err(Failure::not_supported(format!("{name} is only supported by system manager.")))
}

fn no_dynamic_users(_: &mut Call<'_>) -> Result<Message, Failure> {
    Err(Failure::not_supported("Dynamic users are only supported in the system instance."))
}

fn dump(call: &mut Call<'_>) -> Result<Message, Failure> {
    let text = describe(call, &|_| true);
    call.answer(&text)
}

fn dump_matching(call: &mut Call<'_>) -> Result<Message, Failure> {
    let patterns: Vec<String> = call.arguments()?;
    let fits = |name: &str| {
        patterns.is_empty()
            || patterns.iter().any(|pattern| crate::unit::shell_pattern::matches(pattern, name))
    };
    let text = describe(call, &fits);
    call.answer(&text)
}

/// One line for each unit and job, for people.
fn describe(call: &Call<'_>, fits: &dyn Fn(&str) -> bool) -> String {
    use std::fmt::Write as _;
    let engine = call.driver.engine();
    let mut text = format!(
        "Manager: usher {}, processes by {}\n",
        env!("CARGO_PKG_VERSION"),
        call.driver.manager_name()
    );
    // Writing to a string cannot fail.
    for status in engine.statuses().iter().filter(|status| fits(status.name.as_str())) {
        let _ = writeln!(
            text,
            "Unit {}: {} {} {} ({})",
            status.name,
            status.load_state.as_str(),
            status.active.as_str(),
            status.sub,
            status.result.as_str()
        );
    }
    for (id, unit, kind, state) in engine.jobs().filter(|(_, unit, ..)| fits(unit.as_str())) {
        let _ = writeln!(text, "Job {}: {unit} {} {}", id.0, kind.as_str(), state.as_str());
    }
    text
}
