//! The graph as an SVG picture: a tree from left to right, each unit in a row of its own, so that every name can be
//! read. Dependencies that are no branches of the tree are thin curves at the side.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::unit::load::UnitSet;
use crate::unit::pull_tree::{Edge, PullTree};
use crate::unit::spec::{DependencyKind, LoadState, UnitKind, UnitName};

/// All lengths are in pixels.
const ROW: f64 = 24.0;
const INDENT: f64 = 34.0;
const MARGIN: f64 = 20.0;
const BOX_HEIGHT: f64 = 18.0;
/// The width of a letter of the fixed-width font that is used.
const LETTER: f64 = 7.2;
const LEGEND: f64 = 48.0;

struct Place {
    x: f64,
    y: f64,
    width: f64,
}

/// Writes the picture.
pub fn write(tree: &PullTree, set: &UnitSet, output: &mut dyn Write) -> io::Result<()> {
    let places = layout(tree);
    let text_right = places.values().map(|place| place.x + place.width).fold(0.0, f64::max);
    let curves: Vec<&Edge> = tree.others.iter().filter(|edge| edge.to != tree.root).collect();
    let width = text_right + MARGIN + curve_room(&curves, &places);
    let height = LEGEND + ROW * f64::from(u32::try_from(places.len()).unwrap_or(u32::MAX)) + MARGIN;
    writeln!(
        output,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" font-family="DejaVu Sans Mono, monospace" font-size="12">"#
    )?;
    writeln!(output, r##"<rect width="100%" height="100%" fill="#ffffff"/>"##)?;
    writeln!(output, "<title>{}</title>", escaped(&format!("What {} pulls in", tree.root)))?;
    legend(output)?;
    for edge in &curves {
        side_curve(edge, &places, text_right, output)?;
    }
    for name in tree.units() {
        for edge in tree.children(&name) {
            branch(edge, &places, output)?;
        }
    }
    for name in tree.units() {
        if let Some(place) = places.get(&name) {
            unit_box(set, &name, place, output)?;
        }
    }
    writeln!(output, "</svg>")
}

fn layout(tree: &PullTree) -> BTreeMap<UnitName, Place> {
    let mut depths = BTreeMap::from([(tree.root.clone(), 0u32)]);
    let mut places = BTreeMap::new();
    let mut y = LEGEND;
    for name in tree.units() {
        let depth = depths.get(&name).copied().unwrap_or(0);
        for edge in tree.children(&name) {
            depths.insert(edge.to.clone(), depth + 1);
        }
        let letters = u32::try_from(name.as_str().len()).unwrap_or(u32::MAX);
        let width = f64::from(letters) * LETTER + 14.0;
        places.insert(name, Place { x: MARGIN + f64::from(depth) * INDENT, y, width });
        y += ROW;
    }
    places
}

fn stroke(kind: DependencyKind) -> &'static str {
    match kind {
        DependencyKind::Wants => r##"stroke="#6b7280" stroke-dasharray="4 3""##,
        DependencyKind::Upholds => r##"stroke="#15803d" stroke-dasharray="4 3""##,
        DependencyKind::BindsTo => r##"stroke="#b91c1c" stroke-width="2""##,
        DependencyKind::Requisite => r##"stroke="#b45309""##,
        _ => r##"stroke="#111827""##,
    }
}

fn legend(output: &mut dyn Write) -> io::Result<()> {
    let entries = [
        DependencyKind::Requires,
        DependencyKind::BindsTo,
        DependencyKind::Requisite,
        DependencyKind::Wants,
        DependencyKind::Upholds,
    ];
    let mut x = MARGIN;
    for kind in entries {
        writeln!(
            output,
            r##"<path d="M{x:.0} 20h28" fill="none" {}/><text x="{:.0}" y="24" fill="#374151">{}</text>"##,
            stroke(kind),
            x + 34.0,
            kind.as_str()
        )?;
        let letters = u32::try_from(kind.as_str().len()).unwrap_or(0);
        x += 34.0 + f64::from(letters) * LETTER + 24.0;
    }
    Ok(())
}

/// A right angle from the parent's left edge to the child.
fn branch(edge: &Edge, places: &BTreeMap<UnitName, Place>, output: &mut dyn Write) -> io::Result<()> {
    let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to)) else { return Ok(()) };
    let x = from.x + INDENT / 2.0;
    let (top, middle) = (from.y + BOX_HEIGHT, to.y + BOX_HEIGHT / 2.0);
    writeln!(
        output,
        r#"<path d="M{x:.1} {top:.1}V{middle:.1}H{:.1}" fill="none" {}><title>{}</title></path>"#,
        to.x,
        stroke(edge.kind),
        escaped(&label(edge))
    )
}

fn curve_room(curves: &[&Edge], places: &BTreeMap<UnitName, Place>) -> f64 {
    curves.iter().map(|edge| bend(edge, places)).fold(0.0, f64::max)
}

/// Longer curves go further out, so that they do not lie on each other.
fn bend(edge: &Edge, places: &BTreeMap<UnitName, Place>) -> f64 {
    match (places.get(&edge.from), places.get(&edge.to)) {
        (Some(from), Some(to)) => 20.0 + (from.y - to.y).abs().sqrt() * 5.0,
        _ => 0.0,
    }
}

fn side_curve(
    edge: &Edge,
    places: &BTreeMap<UnitName, Place>,
    right: f64,
    output: &mut dyn Write,
) -> io::Result<()> {
    let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to)) else { return Ok(()) };
    let (start, end) = (from.x + from.width, to.x + to.width);
    let (y1, y2) = (from.y + BOX_HEIGHT / 2.0, to.y + BOX_HEIGHT / 2.0);
    let out = right + bend(edge, places);
    writeln!(
        output,
        r#"<g opacity="0.45"><path d="M{start:.1} {y1:.1}C{out:.1} {y1:.1} {out:.1} {y2:.1} {:.1} {y2:.1}" fill="none" {}><title>{}</title></path><path d="M{end:.1} {y2:.1}l6 -3v6z"/></g>"#,
        end + 6.0,
        stroke(edge.kind),
        escaped(&label(edge)),
    )
}

fn label(edge: &Edge) -> String {
    format!("{} {} {}", edge.from, edge.kind.as_str(), edge.to)
}

fn unit_box(set: &UnitSet, name: &UnitName, place: &Place, output: &mut dyn Write) -> io::Result<()> {
    let unit = set.get(name);
    let loaded = unit.is_some_and(|unit| unit.load_state == LoadState::Loaded);
    let fill = match name.kind() {
        _ if !loaded => "#f3f4f6",
        UnitKind::Target => "#dbeafe",
        UnitKind::Socket | UnitKind::Timer | UnitKind::Path => "#dcfce7",
        UnitKind::Slice | UnitKind::Scope => "#fef9c3",
        _ => "#ffffff",
    };
    let (line, text) = if loaded { ("#374151", "#111827") } else { ("#d1d5db", "#9ca3af") };
    let radius = if name.kind() == UnitKind::Target { 8 } else { 2 };
    let about =
        unit.map(|unit| format!("{} ({})", unit.description, unit.load_state.as_str())).unwrap_or_default();
    let conditional = unit.is_some_and(|unit| !unit.conditions.is_empty());
    let mark = if conditional { " ?" } else { "" };
    writeln!(
        output,
        r#"<g><title>{}</title><rect x="{:.1}" y="{:.1}" width="{:.1}" height="{BOX_HEIGHT}" rx="{radius}" fill="{fill}" stroke="{line}"/><text x="{:.1}" y="{:.1}" fill="{text}">{}{mark}</text></g>"#,
        escaped(&about),
        place.x,
        place.y,
        place.width + if conditional { 2.0 * LETTER } else { 0.0 },
        place.x + 7.0,
        place.y + 13.0,
        escaped(name.as_str()),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
