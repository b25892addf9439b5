//! The manager's environment.

use zbus::Message;

use crate::bus::call::Call;
use crate::bus::error::Failure;
use crate::bus::table::Method;
use crate::daemon::environment::Environment;

/// The methods.
pub const METHODS: &[Method] = &[
    Method::changing("SetEnvironment", ("as", "assignments"), ("", ""), set),
    Method::changing("UnsetEnvironment", ("as", "names"), ("", ""), unset),
    Method::changing("UnsetAndSetEnvironment", ("asas", "names assignments"), ("", ""), unset_and_set),
];

/// The kernel gives a process no more arguments and variables than a quarter of its stack, 2 MiB.
const MAX_BYTES: usize = 1024 * 1024;

fn set(call: &mut Call<'_>) -> Result<Message, Failure> {
    let assignments: Vec<String> = call.arguments()?;
    change(call, &[], &assignments)
}

fn unset(call: &mut Call<'_>) -> Result<Message, Failure> {
    let names: Vec<String> = call.arguments()?;
    change(call, &names, &[])
}

fn unset_and_set(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (names, assignments): (Vec<String>, Vec<String>) = call.arguments()?;
    change(call, &names, &assignments)
}

/// All of it or nothing.
fn change(call: &mut Call<'_>, names: &[String], assignments: &[String]) -> Result<Message, Failure> {
    let mut environment = call.driver.environment().clone();
    environment
        .unset(names)
        .map_err(|_| Failure::invalid_arguments("Invalid environment variable names or assignments"))?;
    environment
        .set(assignments)
        .map_err(|_| Failure::invalid_arguments("Invalid environment assignments"))?;
    if size(&environment) > MAX_BYTES {
        return Err(Failure::limits_exceeded("The environment would be too large for a process."));
    }
    *call.driver.environment_mut() = environment;
    call.answer(&())
}

fn size(environment: &Environment) -> usize {
    environment.variables().iter().map(|(name, value)| name.len() + value.len() + 2).sum()
}
