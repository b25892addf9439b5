//! `dev.usher.DynamicUsers`: its methods, parameters and errors.

use serde_json::{Map, Value, json};
use userdb::interface::description::Description;
use userdb::name::is_valid_relaxed;
use userdb::record::rule::path::{is_home, is_shell};
use userdb::record::rule::string::is_gecos;
use userdb::varlink::call::{Call, Parameters};

use super::home::HomeError;
use super::loan::Loan;
use crate::state_directory::StateError;

/// The name of the interface.
pub const INTERFACE: &str = "dev.usher.DynamicUsers";
/// The interface, as `GetInterfaceDescription` hands it out.
pub const DESCRIPTION: Description = (INTERFACE, include_str!("dev.usher.DynamicUsers.varlink"));

/// The most groups that one borrower may ask for.
const MAX_GROUPS: usize = 64;

/// A call, judged.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Lends a user.
    Allocate(Wish),
    /// Binds a loan to another connection.
    Attach {
        /// The user.
        user_name: String,
        /// What proves that it is the caller's.
        token: String,
    },
    /// Ends a loan.
    Release {
        /// The user.
        user_name: String,
    },
    /// Lists loans.
    List,
}

/// What a borrower wants.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The pool.
    pub pool: Option<String>,
    /// How the name shall begin.
    pub base_name: Option<String>,
    /// Real name.
    pub real_name: Option<String>,
    /// Home directory.
    pub home_directory: Option<String>,
    /// Login shell.
    pub shell: Option<String>,
    /// Groups besides those of the pool.
    pub groups: Vec<String>,
    /// How long it lasts at most, in microseconds.
    pub lifetime_usec: Option<u64>,
    /// Lasts longer than the connection.
    pub persistent: bool,
}

/// Why a call cannot be judged.
#[derive(Debug, PartialEq, Eq)]
pub enum NoRequest {
    /// The interface has no such method.
    NoSuchMethod,
    /// This parameter is missing, unknown or has no valid value.
    InvalidParameter(String),
}

/// Why nothing is lent.
#[derive(Debug, thiserror::Error)]
pub enum LendError {
    /// The caller may not borrow.
    #[error("not permitted")]
    NotPermitted,
    /// There is no pool to borrow from.
    #[error("no such pool")]
    NoSuchPool,
    /// Somebody else has the name.
    #[error("the name is taken")]
    NameTaken,
    /// There is no such group.
    #[error("group {0:?} does not exist")]
    NoSuchGroup(String),
    /// All are lent.
    #[error("no free user")]
    NoFreeUser,
    /// Nothing of this name is lent to the caller.
    #[error("no such loan")]
    NoSuchLoan,
    /// A parameter does not go with the pool.
    #[error("invalid parameter {0}")]
    InvalidParameter(&'static str),
    /// The home cannot be made or removed.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// What is lent cannot be written down.
    #[error(transparent)]
    State(#[from] StateError),
}

impl LendError {
    /// The name of the error on the wire, and its parameter if it has one.
    pub fn on_the_wire(&self) -> (String, Option<(&'static str, String)>) {
        let (name, parameter) = match self {
            Self::NotPermitted => ("NotPermitted", None),
            Self::NoSuchPool => ("NoSuchPool", None),
            Self::NameTaken => ("NameTaken", None),
            Self::NoSuchGroup(group) => ("NoSuchGroup", Some(("groupName", group.clone()))),
            Self::NoFreeUser => ("NoFreeUser", None),
            Self::NoSuchLoan => ("NoSuchLoan", None),
            Self::Home(error) => ("HomeFailed", Some(("message", error.to_string()))),
            Self::State(error) => ("StateFailed", Some(("message", error.to_string()))),
            Self::InvalidParameter(parameter) => {
                let name = userdb::varlink::service_error::INVALID_PARAMETER.to_owned();
                return (name, Some(("parameter", (*parameter).to_owned())));
            }
        };
        (format!("{INTERFACE}.{name}"), parameter)
    }
}

/// Whether a method is one of this interface, or would be if there were one of that name.
pub fn is_method(method: &str) -> bool {
    name_of(method).is_some()
}

fn name_of(method: &str) -> Option<&str> {
    method.strip_prefix(INTERFACE)?.strip_prefix('.')
}

impl Request {
    /// Judges a call.
    ///
    /// # Errors
    /// When the method does not exist or a parameter is not right.
    pub fn judge(call: &Call<'_>) -> Result<Self, NoRequest> {
        let parameters = call.parameters();
        match name_of(&call.method) {
            Some("Allocate") => Wish::judge(parameters).map(Self::Allocate),
            Some("Attach") => {
                let mut taking = Taking::new(parameters);
                let request = Self::Attach {
                    user_name: taking.required("userName")?,
                    token: taking.required("token")?,
                };
                taking.finish(request)
            }
            Some("Release") => {
                let mut taking = Taking::new(parameters);
                let request = Self::Release { user_name: taking.required("userName")? };
                taking.finish(request)
            }
            Some("List") => Taking::new(parameters).finish(Self::List),
            _ => Err(NoRequest::NoSuchMethod),
        }
    }
}

impl Wish {
    fn judge(parameters: &Parameters<'_>) -> Result<Self, NoRequest> {
        let mut taking = Taking::new(parameters);
        let name = |value: &Value| value.as_str().filter(|name| is_valid_relaxed(name)).map(str::to_owned);
        let text = |valid: fn(&str) -> bool| {
            move |value: &Value| value.as_str().filter(|text| valid(text)).map(str::to_owned)
        };
        let wish = Self {
            pool: taking.optional("pool", |value| value.as_str().map(str::to_owned))?,
            base_name: taking.optional("baseName", text(is_base_name))?,
            real_name: taking.optional("realName", text(is_gecos))?,
            home_directory: taking.optional("homeDirectory", text(is_home))?,
            shell: taking.optional("shell", text(is_shell))?,
            groups: taking
                .optional("groups", |value| {
                    value.as_array().filter(|names| names.len() <= MAX_GROUPS)?.iter().map(name).collect()
                })?
                .unwrap_or_default(),
            lifetime_usec: taking
                .optional("lifetimeUSec", |value| userdb::id::as_unsigned(value).filter(|time| *time > 0))?,
            persistent: taking.optional("persistent", Value::as_bool)?.unwrap_or(false),
        };
        taking.finish(wish)
    }
}

/// A name that tools would create, with room for a number after it.
fn is_base_name(name: &str) -> bool {
    userdb::name::is_valid_strict(name) && name.len() + 5 <= userdb::name::STRICT_MAX
}

/// Takes parameters one by one, so that what is left over or given twice is found.
struct Taking<'a> {
    parameters: Vec<(&'a str, &'a Value)>,
}

impl<'a> Taking<'a> {
    fn new(parameters: &'a Parameters<'_>) -> Self {
        Self { parameters: parameters.0.iter().map(|(name, value)| (&**name, value)).collect() }
    }

    /// None when it is not given, or null.
    fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, NoRequest> {
        let Some(place) = self.parameters.iter().position(|(known, _)| *known == name) else {
            return Ok(None);
        };
        match self.parameters.remove(place).1 {
            Value::Null => Ok(None),
            value => read(value).map(Some).ok_or_else(|| NoRequest::InvalidParameter(name.to_owned())),
        }
    }

    fn required(&mut self, name: &str) -> Result<String, NoRequest> {
        let value = self.optional(name, |value| value.as_str().map(str::to_owned))?;
        value.ok_or_else(|| NoRequest::InvalidParameter(name.to_owned()))
    }

    fn finish<T>(self, value: T) -> Result<T, NoRequest> {
        match self.parameters.first() {
            Some((name, _)) => Err(NoRequest::InvalidParameter((*name).to_owned())),
            None => Ok(value),
        }
    }
}

/// A loan as the interface describes it. `attached` tells whether a connection holds it.
pub fn loan(loan: &Loan, attached: bool) -> Value {
    let mut json = Map::new();
    let mut set = |field: &str, value: Value| drop(json.insert(field.to_owned(), value));
    set("userName", json!(loan.user_name));
    set("uid", json!(loan.uid));
    set("groupName", json!(loan.group_name.as_ref().unwrap_or(&loan.user_name)));
    set("gid", json!(loan.gid));
    if let Some(real_name) = &loan.real_name {
        set("realName", json!(real_name));
    }
    set("homeDirectory", json!(loan.home_directory));
    set("shell", json!(loan.shell));
    set("groups", json!(loan.groups));
    set("pool", json!(loan.pool));
    set("borrower", json!(loan.borrower));
    set("persistent", json!(loan.persistent));
    set("attached", json!(attached));
    if let Some(expires) = loan.expires_usec {
        set("expiresUSec", json!(expires));
    }
    set("ending", json!(loan.ending));
    Value::Object(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(method: &str, parameters: &str) -> Result<Request, NoRequest> {
        let message = format!(r#"{{"method":"{INTERFACE}.{method}","parameters":{parameters}}}"#);
        Request::judge(&Call::parse(message.as_bytes()).unwrap())
    }

    fn invalid(method: &str, parameters: &str) -> String {
        match judge(method, parameters) {
            Err(NoRequest::InvalidParameter(name)) => name,
            other => panic!("{parameters}: {other:?}"),
        }
    }

    #[test]
    fn a_wish_is_read() {
        let request = judge(
            "Allocate",
            r#"{"pool":"lent","baseName":"kiosk","realName":"Kiosk","homeDirectory":"/run/usher/home/k","shell":"/bin/sh",
                "groups":["video"],"lifetimeUSec":5,"persistent":true}"#,
        );
        let Ok(Request::Allocate(wish)) = request else { panic!("{request:?}") };
        assert_eq!(wish.pool.as_deref(), Some("lent"));
        assert_eq!(wish.groups, ["video"]);
        assert_eq!((wish.lifetime_usec, wish.persistent), (Some(5), true));
        assert_eq!(judge("Allocate", r#"{"pool":null}"#), judge("Allocate", "{}"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (parameter, json) in [
            ("baseName", r#"{"baseName":"1"}"#),
            ("baseName", r#"{"baseName":"../x"}"#),
            ("baseName", r#"{"baseName":"abcdefghijklmnopqrstuvwxyz-x"}"#),
            ("realName", r#"{"realName":"a:b"}"#),
            ("homeDirectory", r#"{"homeDirectory":"/run/../etc"}"#),
            ("shell", r#"{"shell":"sh"}"#),
            ("groups", r#"{"groups":"video"}"#),
            ("groups", r#"{"groups":[""]}"#),
            ("lifetimeUSec", r#"{"lifetimeUSec":0}"#),
            ("lifetimeUSec", r#"{"lifetimeUSec":-1}"#),
            ("persistent", r#"{"persistent":1}"#),
            ("uid", r#"{"uid":0}"#),
            ("pool", r#"{"pool":"a","pool":"b"}"#),
        ] {
            assert_eq!(invalid("Allocate", json), parameter, "{json}");
        }
        assert_eq!(invalid("Release", "{}"), "userName");
        assert_eq!(invalid("Attach", r#"{"userName":"a"}"#), "token");
        assert_eq!(invalid("List", r#"{"x":1}"#), "x");
        assert_eq!(judge("Give", "{}"), Err(NoRequest::NoSuchMethod));
    }
}
