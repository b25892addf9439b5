//! Where ours answers otherwise on purpose: the reasons, and what ours answers.

use crate::case::{Case, Expect, Ours};
use serde_json::{Value, json};
use usher_tests::userdb::client::Outcome;
use usher_tests::userdb::daemon::MACHINE_ID;

pub const LABEL: &str =
    "drop-in records without a service are labelled io.systemd.DropIn, not NameServiceSwitch";
const EXPECTED_MORE: &str = "a list without `more` is refused, as the specification and systemd 257 do";
const NULL: &str = "null is unset, as the interface says and as uid:null is";
const NO_ID: &str = "a record without a (valid) id is returned to whoever asks for its name";
const INVALID_LINE: &str =
    "a line with an id that no user can have is no record, rather than one that never matches";
const ALIAS: &str =
    "aliases and realm are found without a file of that name, and with the record's privileged part";
const BY_CONTENT: &str = "a record is found by its name and id, whatever its file is called";
const HIDDEN: &str = "a record hidden by a higher directory stays hidden under its id";
const LOCAL_FIRST: &str = "accounts of /etc/passwd win over drop-ins";
const INVALID_FIELDS: &str = "invalid optional fields are left out";
const BROKEN_PRIVILEGED: &str = "a broken privileged file costs that file, not the record";
pub const MEMBERSHIPS: &str = "memberOf and members of drop-ins are memberships";
pub const MEMBER_NAMES: &str = "a member that is no name is in no membership";
const NULL_FIELD: &str = "a field of null is unset, so it is left out";
pub const ONE_GROUP: &str = "two lines of one group are one group's members, whichever key is asked for";
const LENDING: &str = "our interface for lending users is listed, too";
const NO_NUMBER: &str = "a number beyond every float is refused, rather than taken for 0";

/// How we differ in a case: by its service (last part), method and parameters without `service`.
struct Difference {
    why: &'static str,
    applies: fn(&Asked<'_>) -> bool,
    ours: Change,
}

enum Change {
    Edit(fn(&mut Outcome)),
    /// A fixed answer.
    Answer(fn(&Asked<'_>) -> Vec<Value>),
    /// Other parameters, for the same method.
    Ask(fn(&mut Value)),
}

/// What a case asks, taken apart.
struct Asked<'a> {
    service: &'a str,
    method: &'a str,
    parameters: &'a Value,
    more: bool,
}

impl Asked<'_> {
    fn name(&self) -> &str {
        ["userName", "groupName"].iter().find_map(|key| self.parameters[*key].as_str()).unwrap_or_default()
    }

    fn id(&self) -> u64 {
        ["uid", "gid"].iter().find_map(|key| self.parameters[*key].as_u64()).unwrap_or_default()
    }

    fn drop_in(&self, names: &[&str]) -> bool {
        self.service == "DropIn" && names.contains(&self.name()) && self.method != "GetMemberships"
    }

    fn files(&self, names: &[&str]) -> bool {
        self.service == "NameServiceSwitch" && names.contains(&self.name()) && self.method != "GetMemberships"
    }
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        why: LENDING,
        applies: |asked| asked.method == "GetInfo" && asked.parameters.get("bogus").is_none(),
        ours: Change::Edit(|outcome| {
            for reply in &mut outcome.replies {
                if let Some(interfaces) =
                    reply.pointer_mut("/parameters/interfaces").and_then(Value::as_array_mut)
                {
                    interfaces.insert(0, json!("dev.usher.DynamicUsers"));
                }
            }
        }),
    },
    Difference {
        why: NULL,
        applies: |asked| {
            asked.parameters.as_object().is_some_and(|parameters| {
                parameters.iter().any(|(key, value)| {
                    value.is_null()
                        && ["userName", "groupName", "uidMin", "uidMax", "gidMin", "gidMax"]
                            .contains(&key.as_str())
                })
            })
        },
        ours: Change::Ask(|parameters| {
            if let Some(parameters) = parameters.as_object_mut() {
                parameters.retain(|_, value| !value.is_null());
            }
        }),
    },
    Difference {
        why: EXPECTED_MORE,
        applies: |asked| {
            let valid = asked.parameters["service"]
                .as_str()
                .is_some_and(|service| service.starts_with("io.systemd."))
                && asked.parameters.get("bogus").is_none()
                && asked.name() != "a:b";
            let keyed = ["uid", "gid", "userName", "groupName"]
                .iter()
                .any(|key| asked.parameters.get(*key).is_some_and(|value| !value.is_null()));
            !asked.more
                && asked.method.starts_with("Get")
                && valid
                && (asked.method == "GetMemberships" || (asked.method != "Missing" && !keyed))
        },
        ours: Change::Answer(|_| vec![json!({"error": "org.varlink.service.ExpectedMore"})]),
    },
    Difference {
        why: NO_ID,
        applies: |asked| asked.drop_in(&["nouid", "baduid", "baduid16", "negativeuid", "stringuid"]),
        ours: Change::Answer(|asked| record(json!({"userName": asked.name(), "service": "x.y"}), false)),
    },
    Difference {
        why: NO_ID,
        applies: |asked| asked.drop_in(&["gnogid"]),
        ours: Change::Answer(|asked| record(json!({"groupName": asked.name(), "service": "x.y"}), false)),
    },
    Difference {
        why: INVALID_LINE,
        applies: |asked| asked.files(&["hugeuid", "uid65535", "ghuge", "g65535"]),
        ours: Change::Answer(|_| vec![json!({"error": "io.systemd.UserDatabase.NoRecordFound"})]),
    },
    Difference {
        why: ALIAS,
        applies: |asked| asked.drop_in(&["al-ias", "ali", "ali@example.org", "alice@example.org"]),
        ours: Change::Ask(|parameters| parameters["userName"] = json!("alice")),
    },
    Difference {
        why: ALIAS,
        applies: |asked| asked.drop_in(&["admins@example.org"]),
        ours: Change::Ask(|parameters| parameters["groupName"] = json!("admins")),
    },
    Difference {
        why: BY_CONTENT,
        applies: |asked| asked.drop_in(&["byuidonly"]),
        ours: Change::Ask(|parameters| *parameters = json!({"uid": 70120, "service": "io.systemd.DropIn"})),
    },
    Difference {
        why: BY_CONTENT,
        applies: |asked| asked.drop_in(&["bygidonly"]),
        ours: Change::Ask(|parameters| *parameters = json!({"gid": 71120, "service": "io.systemd.DropIn"})),
    },
    Difference {
        why: BY_CONTENT,
        applies: |asked| asked.service == "DropIn" && asked.id() == 70014,
        ours: Change::Ask(|parameters| {
            *parameters = json!({"userName": "nolink", "service": "io.systemd.DropIn"})
        }),
    },
    Difference {
        why: BY_CONTENT,
        applies: |asked| asked.service == "DropIn" && asked.id() == 70104,
        ours: Change::Ask(|parameters| {
            *parameters = json!({"userName": "dupkey", "service": "io.systemd.DropIn"})
        }),
    },
    Difference {
        why: HIDDEN,
        applies: |asked| asked.service == "DropIn" && asked.id() == 70299,
        ours: Change::Answer(|_| vec![json!({"error": "io.systemd.UserDatabase.NoRecordFound"})]),
    },
    Difference {
        why: LOCAL_FIRST,
        applies: |asked| {
            asked.parameters["service"] == "io.systemd.Multiplexer" && asked.name() == "shadowed"
        },
        ours: Change::Ask(|parameters| parameters["service"] = json!("io.systemd.NameServiceSwitch")),
    },
    Difference {
        why: INVALID_FIELDS,
        applies: |asked| asked.service == "DropIn" && (asked.name() == "badfields" || asked.id() == 70018),
        ours: Change::Answer(|_| {
            record(
                json!({"userName": "badfields", "uid": 70018, "service": "x.y", "realName": "good"}),
                false,
            )
        }),
    },
    Difference {
        why: BROKEN_PRIVILEGED,
        applies: |asked| asked.drop_in(&["badpriv"]),
        ours: Change::Answer(|_| {
            record(json!({"userName": "badpriv", "uid": 70108, "service": "x.y"}), true)
        }),
    },
    Difference {
        why: NULL_FIELD,
        applies: |asked| asked.service == "DropIn" && (asked.name() == "nullfield" || asked.id() == 70015),
        ours: Change::Edit(|outcome| {
            for reply in &mut outcome.replies {
                if let Some(record) = reply.pointer_mut("/parameters/record").and_then(Value::as_object_mut) {
                    // Fields that nobody knows stay as they are.
                    record.retain(|key, value| !value.is_null() || key.starts_with("x-"));
                }
            }
        }),
    },
];

/// The case with what it differs in, if it does.
pub fn marked(mut case: Case) -> Case {
    if matches!(case.expect, Expect::Differs { .. }) {
        return case;
    }
    if case.name == "number infinite" {
        let closed = Outcome { replies: Vec::new(), closed: true };
        case.expect = Expect::Differs { why: NO_NUMBER, ours: Ours::Is(closed) };
        return case;
    }
    let Some(request) = case.asked() else { return case };
    let method = request["method"].as_str().unwrap_or_default();
    let Some(method) = ["io.systemd.UserDatabase.", "org.varlink.service."]
        .iter()
        .find_map(|prefix| method.strip_prefix(prefix))
    else {
        return case;
    };
    let asked = Asked {
        service: case.service.rsplit('.').next().unwrap_or_default(),
        method,
        parameters: &request["parameters"],
        more: request["more"] == true,
    };
    let Some(difference) = DIFFERENCES.iter().find(|difference| (difference.applies)(&asked)) else {
        return case;
    };
    let ours = match &difference.ours {
        Change::Edit(edit) => Ours::Edited(*edit),
        Change::Answer(answer) => Ours::Is(Outcome { replies: answer(&asked), closed: false }),
        Change::Ask(change) => {
            let mut other = request.clone();
            change(&mut other["parameters"]);
            let mut other = Case { any_order: case.any_order, ..Case::request(case.service, &other) };
            other.caller = case.caller;
            // The changed question may differ itself: `null` without `more` is a list without `more`.
            other = marked(other);
            match other.expect {
                Expect::Differs { ours, .. } => ours,
                Expect::Same => Ours::AsIf(Box::new(other)),
            }
        }
    };
    case.expect = Expect::Differs { why: difference.why, ours };
    case
}

/// Gives drop-in records their own label. The names are those whose files name no service.
pub fn label(outcome: &mut Outcome) {
    for reply in &mut outcome.replies {
        let Some(record) = reply.pointer_mut("/parameters/record") else { continue };
        if record["userName"] != "carol" && record["groupName"] != "plaing" {
            continue;
        }
        if let Some(service) = record.pointer_mut(&format!("/status/{MACHINE_ID}/service")) {
            *service = json!("io.systemd.DropIn");
        }
    }
}

fn record(record: Value, incomplete: bool) -> Vec<Value> {
    vec![json!({"parameters": {"record": record, "incomplete": incomplete}})]
}

/// The replies with these memberships.
pub fn memberships(pairs: &[(&str, &str)]) -> Vec<Value> {
    let last = pairs.len() - 1;
    pairs
        .iter()
        .enumerate()
        .map(|(number, (user, group))| {
            let mut reply = json!({"parameters": {"userName": user, "groupName": group}});
            if number < last {
                reply["continues"] = json!(true);
            }
            reply
        })
        .collect()
}
