//! Which facets of behaviour each kind of dependency has, in both directions (systemd.unit(5)).

use crate::unit::spec::DependencyKind;

/// A dependency seen from one of its ends: the stated kinds and their inverses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Relation {
    Requires,
    RequiredBy,
    Requisite,
    RequisiteOf,
    Wants,
    WantedBy,
    BindsTo,
    BoundBy,
    PartOf,
    ConsistsOf,
    Upholds,
    UpheldBy,
    Conflicts,
    ConflictedBy,
    Before,
    After,
    OnFailure,
    OnFailureOf,
    OnSuccess,
    OnSuccessOf,
    PropagatesStopTo,
    StopPropagatedFrom,
    PropagatesReloadTo,
    ReloadPropagatedFrom,
    JoinsNamespaceOf,
    Triggers,
    TriggeredBy,
    InSlice,
    SliceOf,
}

impl Relation {
    pub(super) const fn of(kind: DependencyKind) -> Self {
        match kind {
            DependencyKind::Requires => Self::Requires,
            DependencyKind::Requisite => Self::Requisite,
            DependencyKind::Wants => Self::Wants,
            DependencyKind::BindsTo => Self::BindsTo,
            DependencyKind::PartOf => Self::PartOf,
            DependencyKind::Upholds => Self::Upholds,
            DependencyKind::Conflicts => Self::Conflicts,
            DependencyKind::Before => Self::Before,
            DependencyKind::After => Self::After,
            DependencyKind::OnFailure => Self::OnFailure,
            DependencyKind::OnSuccess => Self::OnSuccess,
            DependencyKind::PropagatesStopTo => Self::PropagatesStopTo,
            DependencyKind::StopPropagatedFrom => Self::StopPropagatedFrom,
            DependencyKind::PropagatesReloadTo => Self::PropagatesReloadTo,
            DependencyKind::ReloadPropagatedFrom => Self::ReloadPropagatedFrom,
            DependencyKind::JoinsNamespaceOf => Self::JoinsNamespaceOf,
            DependencyKind::Triggers => Self::Triggers,
            DependencyKind::TriggeredBy => Self::TriggeredBy,
            DependencyKind::InSlice => Self::InSlice,
        }
    }

    /// The relation of that name in systemd's D-Bus interface.
    pub(super) fn named(property: &str) -> Option<Self> {
        Some(match property {
            "Requires" => Self::Requires,
            "RequiredBy" => Self::RequiredBy,
            "Requisite" => Self::Requisite,
            "RequisiteOf" => Self::RequisiteOf,
            "Wants" => Self::Wants,
            "WantedBy" => Self::WantedBy,
            "BindsTo" => Self::BindsTo,
            "BoundBy" => Self::BoundBy,
            "PartOf" => Self::PartOf,
            "ConsistsOf" => Self::ConsistsOf,
            "Upholds" => Self::Upholds,
            "UpheldBy" => Self::UpheldBy,
            "Conflicts" => Self::Conflicts,
            "ConflictedBy" => Self::ConflictedBy,
            "Before" => Self::Before,
            "After" => Self::After,
            "OnFailure" => Self::OnFailure,
            "OnFailureOf" => Self::OnFailureOf,
            "OnSuccess" => Self::OnSuccess,
            "OnSuccessOf" => Self::OnSuccessOf,
            "PropagatesStopTo" => Self::PropagatesStopTo,
            "StopPropagatedFrom" => Self::StopPropagatedFrom,
            "PropagatesReloadTo" => Self::PropagatesReloadTo,
            "ReloadPropagatedFrom" => Self::ReloadPropagatedFrom,
            "JoinsNamespaceOf" => Self::JoinsNamespaceOf,
            "Triggers" => Self::Triggers,
            "TriggeredBy" => Self::TriggeredBy,
            "SliceOf" => Self::SliceOf,
            _ => return None,
        })
    }

    /// The same dependency, seen from the other end.
    pub(super) const fn inverse(self) -> Self {
        match self {
            Self::Requires => Self::RequiredBy,
            Self::RequiredBy => Self::Requires,
            Self::Requisite => Self::RequisiteOf,
            Self::RequisiteOf => Self::Requisite,
            Self::Wants => Self::WantedBy,
            Self::WantedBy => Self::Wants,
            Self::BindsTo => Self::BoundBy,
            Self::BoundBy => Self::BindsTo,
            Self::PartOf => Self::ConsistsOf,
            Self::ConsistsOf => Self::PartOf,
            Self::Upholds => Self::UpheldBy,
            Self::UpheldBy => Self::Upholds,
            Self::Conflicts => Self::ConflictedBy,
            Self::ConflictedBy => Self::Conflicts,
            Self::Before => Self::After,
            Self::After => Self::Before,
            Self::OnFailure => Self::OnFailureOf,
            Self::OnFailureOf => Self::OnFailure,
            Self::OnSuccess => Self::OnSuccessOf,
            Self::OnSuccessOf => Self::OnSuccess,
            Self::PropagatesStopTo => Self::StopPropagatedFrom,
            Self::StopPropagatedFrom => Self::PropagatesStopTo,
            Self::PropagatesReloadTo => Self::ReloadPropagatedFrom,
            Self::ReloadPropagatedFrom => Self::PropagatesReloadTo,
            Self::JoinsNamespaceOf => Self::JoinsNamespaceOf,
            Self::Triggers => Self::TriggeredBy,
            Self::TriggeredBy => Self::Triggers,
            Self::InSlice => Self::SliceOf,
            Self::SliceOf => Self::InSlice,
        }
    }
}

/// One facet: the relations to follow when something happens to a unit.
pub(super) type Facet = &'static [Relation];

/// Its start starts them, and needs them.
pub(super) const PULLS_IN: Facet = &[Relation::Requires, Relation::BindsTo];
/// Its start starts them, and does not care what becomes of it.
pub(super) const PULLS_IN_WEAKLY: Facet = &[Relation::Wants, Relation::Upholds];
/// Its start needs them to be up.
pub(super) const VERIFIES: Facet = &[Relation::Requisite];
/// Its start stops them, and needs that.
pub(super) const STOPS: Facet = &[Relation::Conflicts];
/// Its start stops them if that is possible.
pub(super) const STOPS_WEAKLY: Facet = &[Relation::ConflictedBy];
/// Its stop stops them.
pub(super) const PROPAGATES_STOP: Facet =
    &[Relation::RequiredBy, Relation::RequisiteOf, Relation::BoundBy, Relation::ConsistsOf];
/// Its restart restarts them.
pub(super) const PROPAGATES_RESTART: Facet =
    &[Relation::RequiredBy, Relation::RequisiteOf, Relation::BoundBy, Relation::ConsistsOf];
/// Its reload reloads them.
pub(super) const PROPAGATES_RELOAD: Facet = &[Relation::PropagatesReloadTo];
/// The start jobs that fail when its own fails.
pub(super) const FAILS_WITH: Facet = &[Relation::RequiredBy, Relation::RequisiteOf, Relation::BoundBy];
/// The start jobs that fail when its own ends well but leaves it down.
pub(super) const FAILS_WHEN_INACTIVE: Facet = &[Relation::RequisiteOf];
/// The start jobs that fail when its stop fails.
pub(super) const FAILS_WHEN_STAYING: Facet = &[Relation::ConflictedBy];
/// Started when it comes up by itself, whatever is in the way.
pub(super) const STARTS_RETROACTIVELY: Facet = &[Relation::Requires, Relation::BindsTo, Relation::Upholds];
/// Started when it comes up by itself, if nothing is in the way.
pub(super) const STARTS_RETROACTIVELY_WEAKLY: Facet = &[Relation::Wants];
/// Stopped when it comes up by itself.
pub(super) const STOPS_ON_START: Facet = &[Relation::Conflicts, Relation::ConflictedBy];
/// Stopped when it goes down by itself.
pub(super) const STOPS_ON_STOP: Facet = &[Relation::BoundBy, Relation::PropagatesStopTo];
/// It may be active only while all of these are.
pub(super) const CANNOT_BE_ACTIVE_WITHOUT: Facet = &[Relation::BindsTo];
/// Those that it may leave without a partner.
pub(super) const BOUND_BY: Facet = &[Relation::BoundBy];
/// Those that hold it up.
pub(super) const UPHELD_BY: Facet = &[Relation::UpheldBy];
/// Those that it holds up.
pub(super) const UPHOLDS: Facet = &[Relation::Upholds];
/// Those that need it.
pub(super) const NEEDED_BY: Facet =
    &[Relation::RequiredBy, Relation::RequisiteOf, Relation::WantedBy, Relation::BoundBy, Relation::UpheldBy];
/// Those that it needs.
pub(super) const NEEDS: Facet =
    &[Relation::Requires, Relation::Requisite, Relation::Wants, Relation::BindsTo, Relation::Upholds];
