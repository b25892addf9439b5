//! Scenarios of chance: a few units with random dependencies, and random requests.

use super::collection::is_wanted;
use super::format::{Act, Scenario};

/// A small generator of numbers (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }

    fn pick<'a>(&mut self, list: &'a [String]) -> &'a str {
        &list[self.below(list.len() as u64) as usize]
    }
}

const VERBS: [&str; 7] = ["start", "start", "start", "stop", "restart", "try-restart", "reload-or-restart"];

const MODES: [&str; 7] = [
    "fail",
    "fail",
    "replace-irreversibly",
    "ignore-dependencies",
    "ignore-requirements",
    "restart-dependencies",
    "lenient",
];

const KINDS: [&str; 10] = [
    "Requires",
    "Wants",
    "PartOf",
    "Requisite",
    "BindsTo",
    "PropagatesStopTo",
    "StopPropagatedFrom",
    "Upholds",
    "OnFailure",
    "OnSuccess",
];

/// The numbers of those that are played: the first 20, or those of $SCENARIO_SEEDS, as 21..50.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let Ok(range) = std::env::var("SCENARIO_SEEDS") else { return 1..=20 };
    let (first, last) = range.split_once("..").expect("$SCENARIO_SEEDS is FIRST..LAST");
    let number = |text: &str| text.parse().expect("$SCENARIO_SEEDS is FIRST..LAST, which are numbers");
    number(first)..=number(last)
}

/// Those of $SCENARIO_SEEDS.
///
/// # Panics
/// When that is no range.
pub fn scenarios() -> Vec<Scenario> {
    seeds().map(scenario).filter(is_wanted).collect()
}

/// The scenario of a number; always the same. Its order has no cycle and nothing in it conflicts, as what systemd then
/// leaves out depends on the order of its hash tables.
fn scenario(seed: u64) -> Scenario {
    let mut random = Random(seed * 7919 + 1);
    let count = 4 + random.below(4);
    let names: Vec<String> = (0..count)
        .map(|number| format!("r{number}.{}", if random.below(4) == 0 { "target" } else { "service" }))
        .collect();
    let files = names
        .iter()
        .enumerate()
        .map(|(place, name)| (1, name.clone(), unit(&mut random, &names, place)))
        .collect();
    let acts = (0..6)
        .map(|_| Act::Request {
            verb: VERBS[random.below(VERBS.len() as u64) as usize].to_owned(),
            unit: random.pick(&names).to_owned(),
            mode: (random.below(3) == 0).then(|| MODES[random.below(MODES.len() as u64) as usize].to_owned()),
        })
        .collect();
    Scenario {
        name: format!("random-{seed}"),
        purpose: "a graph of chance".to_owned(),
        bus: false,
        set: None,
        files,
        acts,
        observed: Vec::new(),
    }
}

fn unit(random: &mut Random, names: &[String], place: usize) -> String {
    let mut text = "[Unit]\n".to_owned();
    for _ in 0..random.below(3) {
        let kind = KINDS[random.below(KINDS.len() as u64) as usize];
        let other = random.pick(names);
        if other != names[place] {
            text.push_str(&format!("{kind}={other}\n"));
        }
    }
    for _ in 0..random.below(3) {
        if place > 0 {
            text.push_str(&format!("After={}\n", random.pick(&names[..place])));
        }
    }
    if random.below(8) == 0 {
        text.push_str("StopWhenUnneeded=yes\n");
    }
    if names[place].ends_with(".service") {
        text.push_str("[Service]\n");
        // No two units are ready at one time, as nobody knows then which is first.
        let later = 30 + 40 * place;
        text.push_str(&match random.below(5) {
            0 => format!("Type=oneshot\nRemainAfterExit=yes\nExecStart=stand-in wait:{later}ms exit:0\n"),
            1 => format!("Type=notify\nExecStart=stand-in wait:{later}ms ready\n"),
            2 => "Type=exec\nExecStart=stand-in\nExecStopPost=stand-in exit:0\n".to_owned(),
            3 => format!("Type=oneshot\nExecStart=stand-in wait:{later}ms exit:1\n"),
            _ => "ExecStart=stand-in\n".to_owned(),
        });
    }
    text
}
