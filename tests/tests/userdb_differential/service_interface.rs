//! org.varlink.service, and what nobody implements.

use crate::case::{Case, MULTIPLEXER, SERVICES};
use serde_json::json;
use usher_tests::userdb::accounts::STRANGER;

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for service in SERVICES {
        cases.push(Case::request(service, &json!({"method": "org.varlink.service.GetInfo"})));
        for interface in ["io.systemd", "io.systemd.UserDatabase", "org.varlink.service"] {
            cases.push(Case::request(
                service,
                &json!({"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": interface}}),
            ));
        }
        for request in [
            json!({"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": "org.example.none"}}),
            json!({"method": "io.systemd.UserDatabase.Missing", "parameters": {}}),
            json!({"method": "org.example.none.Method"}),
            json!({"method": "io.systemd.service.Ping"}),
        ] {
            cases.push(Case::request(service, &request));
        }
    }
    for request in [
        json!({"method": "org.varlink.service.GetInfo", "parameters": {}}),
        json!({"method": "org.varlink.service.GetInfo", "parameters": null}),
        json!({"method": "org.varlink.service.GetInfo", "parameters": {"bogus": 1}}),
        json!({"method": "org.varlink.service.GetInfo", "more": true}),
        json!({"method": "org.varlink.service.GetInfo", "more": false, "oneway": false}),
        json!({"method": "org.varlink.service.GetInterfaceDescription"}),
        json!({"method": "org.varlink.service.GetInterfaceDescription", "parameters": {}}),
        json!({"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": null}}),
        json!({"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": 5}}),
        json!({"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": ""}}),
        json!({"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": "x y"}}),
        json!({"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": "io.systemd", "bogus": 1}}),
        json!({"method": "org.varlink.service.Missing"}),
        json!({"method": "io.systemd.UserDatabase"}),
        json!({"method": "io.systemd.UserDatabase."}),
        json!({"method": ".GetUserRecord"}),
        json!({"method": "GetUserRecord"}),
        json!({"method": "io.systemd.UserDatabase.getuserrecord"}),
        json!({"method": "io.systemd.UserDatabase.GetUserRecord.Extra"}),
        json!({"method": " "}),
        json!({"method": "a"}),
        json!({"method": "1.2"}),
        json!({"method": "org.example.n\u{f6}ne.Method"}),
        json!({"method": "io.systemd.UserDatabase.Missing", "more": true}),
        json!({"method": "io.systemd.UserDatabase.Missing", "oneway": true}),
        json!({"method": "io.systemd.UserDatabase.Missing", "parameters": {"a": {"b": [1]}}}),
    ] {
        cases.push(Case::request(MULTIPLEXER, &request));
        cases.push(Case::request(MULTIPLEXER, &request).caller(STRANGER));
    }
    cases
}
