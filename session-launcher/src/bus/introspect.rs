//! Descriptions of objects (D-Bus specification, "Introspection Data Format"), written from the tables.

use std::fmt::Write as _;

use super::call::Call;
use super::path::{self, Object};
use super::table::{Emits, Interface, Method};
use super::{job, manager, unit};

const HEAD: &str = "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"
\"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">
<node>
 <interface name=\"org.freedesktop.DBus.Peer\">
  <method name=\"Ping\"/>
  <method name=\"GetMachineId\">
   <arg type=\"s\" name=\"machine_uuid\" direction=\"out\"/>
  </method>
 </interface>
 <interface name=\"org.freedesktop.DBus.Introspectable\">
  <method name=\"Introspect\">
   <arg name=\"xml_data\" type=\"s\" direction=\"out\"/>
  </method>
 </interface>
";

const PROPERTIES: &str = " <interface name=\"org.freedesktop.DBus.Properties\">
  <method name=\"Get\">
   <arg name=\"interface_name\" direction=\"in\" type=\"s\"/>
   <arg name=\"property_name\" direction=\"in\" type=\"s\"/>
   <arg name=\"value\" direction=\"out\" type=\"v\"/>
  </method>
  <method name=\"GetAll\">
   <arg name=\"interface_name\" direction=\"in\" type=\"s\"/>
   <arg name=\"props\" direction=\"out\" type=\"a{sv}\"/>
  </method>
  <method name=\"Set\">
   <arg name=\"interface_name\" direction=\"in\" type=\"s\"/>
   <arg name=\"property_name\" direction=\"in\" type=\"s\"/>
   <arg name=\"value\" direction=\"in\" type=\"v\"/>
  </method>
  <signal name=\"PropertiesChanged\">
   <arg type=\"s\" name=\"interface_name\"/>
   <arg type=\"a{sv}\" name=\"changed_properties\"/>
   <arg type=\"as\" name=\"invalidated_properties\"/>
  </signal>
 </interface>
";

/// Describes the object of a call.
pub fn describe(call: &Call<'_>) -> String {
    let mut text = HEAD.to_owned();
    let mut children: Vec<String> = Vec::new();
    if !matches!(call.object, Object::Node(_)) {
        text.push_str(PROPERTIES);
    }
    match &call.object {
        Object::Manager => {
            interface(&mut text, &manager::MANAGER);
            children.extend(["unit".to_owned(), "job".to_owned()]);
        }
        Object::Unit(name) => {
            interface(&mut text, &unit::UNIT);
            if let Some(table) = unit::interface_of(name.kind()) {
                interface(&mut text, table);
            }
        }
        Object::Job(_) => interface(&mut text, &job::JOB),
        Object::Run(_) => {}
        Object::Node([]) => children.extend(nodes(call)),
        Object::Node(names) => children.extend(names.iter().map(|name| (*name).to_owned())),
    }
    for child in children {
        // Writing to a string cannot fail.
        let _ = writeln!(text, " <node name=\"{child}\"/>");
    }
    text.push_str("</node>\n");
    text
}

/// The last parts of the paths of all units, or of all jobs.
fn nodes(call: &Call<'_>) -> Vec<String> {
    let header = call.header();
    let is_job = header.path().is_some_and(|path| path.as_str().ends_with("/job"));
    let paths: Vec<_> = if is_job {
        call.driver.engine().jobs().map(|(id, ..)| path::job(id)).collect()
    } else {
        call.driver.engine().statuses().iter().map(|status| path::unit(&status.name)).collect()
    };
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    paths.iter().map(|path| last(path.as_str())).collect()
}

fn interface<G: 'static>(text: &mut String, table: &Interface<G>) {
    let _ = writeln!(text, " <interface name=\"{}\">", table.name);
    for property in table.all_properties() {
        let access = if property.set.is_some() { "readwrite" } else { "read" };
        let _ = writeln!(
            text,
            "  <property name=\"{}\" type=\"{}\" access=\"{access}\">",
            property.name, property.signature
        );
        let emits = match property.emits {
            Emits::Const => Some("const"),
            Emits::Invalidates => Some("invalidates"),
            Emits::Nothing => Some("false"),
            Emits::Value => None,
        };
        if let Some(emits) = emits {
            let _ = writeln!(
                text,
                "   <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" value=\"{emits}\"/>"
            );
        }
        text.push_str("  </property>\n");
    }
    for entry in table.all_methods() {
        method(text, entry);
    }
    for signal in table.signals {
        let _ = writeln!(text, "  <signal name=\"{}\">", signal.name);
        arguments(text, signal.signature, signal.names, "");
        text.push_str("  </signal>\n");
    }
    text.push_str(" </interface>\n");
}

fn method(text: &mut String, method: &Method) {
    let _ = writeln!(text, "  <method name=\"{}\">", method.name);
    arguments(text, method.input, method.input_names, " direction=\"in\"");
    arguments(text, method.output, method.output_names, " direction=\"out\"");
    text.push_str("  </method>\n");
}

fn arguments(text: &mut String, signature: &str, names: &str, direction: &str) {
    for (kind, name) in complete_types(signature).into_iter().zip(names.split(' ')) {
        let _ = writeln!(text, "   <arg type=\"{kind}\" name=\"{name}\"{direction}/>");
    }
}

/// The single complete types of a signature.
pub fn complete_types(signature: &str) -> Vec<&str> {
    let mut types = Vec::new();
    let (mut begin, mut depth) = (0, 0usize);
    for (place, character) in signature.char_indices() {
        match character {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && character != 'a' {
            types.extend(signature.get(begin..=place));
            begin = place + 1;
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_taken_apart() {
        assert_eq!(complete_types("ssa(sv)a(sa(sv))"), ["s", "s", "a(sv)", "a(sa(sv))"]);
        assert_eq!(complete_types("ayaau(uo)a{sv}h"), ["ay", "aau", "(uo)", "a{sv}", "h"]);
        assert!(complete_types("").is_empty());
    }

    #[test]
    fn every_argument_has_a_name() {
        fn check<G>(table: &Interface<G>) {
            let count = |names: &str| names.split(' ').filter(|name| !name.is_empty()).count();
            for method in table.all_methods() {
                let name = method.name;
                assert_eq!(complete_types(method.input).len(), count(method.input_names), "{name}");
                assert_eq!(complete_types(method.output).len(), count(method.output_names), "{name}");
            }
            for signal in table.signals {
                assert_eq!(complete_types(signal.signature).len(), count(signal.names), "{}", signal.name);
            }
        }
        check(&manager::MANAGER);
        check(&unit::UNIT);
        check(&job::JOB);
        for kind in crate::unit::spec::UnitKind::ALL {
            unit::interface_of(kind).into_iter().for_each(check);
        }
    }
}
