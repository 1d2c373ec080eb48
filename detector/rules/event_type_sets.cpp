// Event types of a condition (falco.md 2.3): `and` cuts, `or` joins, negation is pushed down to the leaves. A leaf that does not speak of
// the type allows all, negated too.
#include "detector/rules/rule_compiler.h"

#include <algorithm>

namespace detector::rules {
namespace {

using Set = std::vector<bool>;

Set all() {
  Set set(event_type_count(), true);
  set[0] = false;
  return set;
}
Set none() { return Set(event_type_count(), false); }

Set of_check(const Expression& check, bool negated, TypeView view) {
  const bool plain = check.left.kind == Operand::Kind::Field && check.right.empty() && check.modifier == Modifier::None;
  if (!plain) return all();
  const bool equality = check.comparison == Comparison::Equal || check.comparison == Comparison::In;
  // `evt.num=0` is how rules say "never"
  if (check.left.name == "evt.num" && equality && !negated && check.values.size() == 1 && check.values[0] == "0") return none();
  const bool ours = view == TypeView::Narrowest;
  if (check.left.name != "evt.type" && !(ours && check.left.name == "syscall.type")) return all();
  if (!equality && check.comparison != Comparison::NotEqual && !(ours && check.comparison == Comparison::Intersects)) return all();
  Set set = none();
  bool any = false;
  for (const std::string& value : check.values) {
    const auto type = find_event_type(value);
    if (!type) return all();
    set[static_cast<std::size_t>(*type)] = true;
    any = true;
  }
  if (!any) return all();
  if (negated != (check.comparison == Comparison::NotEqual)) set.flip();
  set[0] = false;
  return set;
}

Set of(const Expression& expression, bool negated, TypeView view) {
  if (expression.kind == Expression::Kind::Check) return of_check(expression, negated, view);
  if (expression.kind == Expression::Kind::Not) return of(*expression.children.front(), !negated, view);
  if (expression.kind == Expression::Kind::Macro) return all();
  const bool cuts = (expression.kind == Expression::Kind::And) != negated;
  Set set = of(*expression.children.front(), negated, view);
  for (std::size_t i = 1; i < expression.children.size(); ++i) {
    const Set other = of(*expression.children[i], negated, view);
    for (std::size_t type = 0; type < set.size(); ++type) set[type] = cuts ? set[type] && other[type] : set[type] || other[type];
  }
  return set;
}

}  // namespace

EventTypeSet event_types_of(const Expression& condition, TypeView view) {
  EventTypeSet result{of(condition, false, view), 0};
  result.count = static_cast<std::size_t>(std::count(result.types.begin(), result.types.end(), true));
  return result;
}

}  // namespace detector::rules
