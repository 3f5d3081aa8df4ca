//! An expression as text, in one spelling: what an answer was understood as, whoever wrote it and however. Works
//! nothing out.

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::Signed;

use super::{
    expr::{CasePiece, Constant, Expr, Function, Relation},
    literal::power_of_ten,
};

/// Places of a decimal that is written out; a longer one is a fraction.
const MOST_PLACES: usize = 9;

/// How tightly the parts of an expression hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    List,
    Relation,
    Sum,
    Product,
    Power,
    Single,
}

/// A rational number: whole, as a decimal that ends soon, or as a fraction.
pub(crate) fn number(value: &BigRational) -> String {
    if value.is_integer() {
        return value.numer().to_string();
    }
    let scale = power_of_ten(MOST_PLACES);
    let scaled = value * BigRational::from_integer(scale.clone());
    if !scaled.is_integer() {
        return format!("{}/{}", value.numer(), value.denom());
    }
    let sign = if value.is_negative() { "-" } else { "" };
    let (whole, part): (BigInt, BigInt) = scaled.to_integer().abs().div_rem(&scale);
    let places = format!("{part:0>MOST_PLACES$}");
    format!("{sign}{whole}.{}", places.trim_end_matches('0'))
}

/// The expression as text. Lists and sets, whose order does not matter, are sorted.
pub(crate) fn text(expr: &Expr) -> String {
    written(expr).0
}

/// The text of an expression, and how tightly it holds together.
fn written(expr: &Expr) -> (String, Strength) {
    use Strength::{List, Power, Product, Relation as Related, Single, Sum};
    match expr {
        Expr::Number(literal) => signed(number(&literal.value)),
        Expr::Based(value, base) => (format!("{} (base {base})", number(value)), Sum),
        Expr::Constant(constant) => (constant_name(*constant).to_owned(), Single),
        Expr::Symbol(name) => (name.trim_start_matches('\\').to_owned(), Single),
        Expr::Text(words) => (words.trim().to_lowercase(), Single),
        Expr::Sum(terms) => (sum(terms), Sum),
        Expr::Product(factors) => (joined(factors, "*", Power), Product),
        Expr::Quotient(above, below) => {
            (format!("{}/{}", at_least(above, Power), at_least(below, Single)), Product)
        }
        Expr::Power(base, exponent) => {
            (format!("{}^{}", at_least(base, Single), at_least(exponent, Single)), Power)
        }
        Expr::Negative(inside) => (format!("-{}", at_least(inside, Product)), Sum),
        Expr::PlusMinus(inside, swapped) => {
            (format!("{}{}", if *swapped { "-+" } else { "+-" }, at_least(inside, Product)), Sum)
        }
        Expr::Percent(inside) => (format!("{}%", at_least(inside, Single)), Single),
        Expr::Degrees(inside) => (format!("{}°", at_least(inside, Single)), Single),
        Expr::Quantity(inside, unit) => (format!("{} {unit}", at_least(inside, Product)), Product),
        Expr::Call(function, arguments) => (call(*function, arguments), Single),
        Expr::Apply(name, arguments) => {
            (format!("{}({})", name.trim_start_matches('\\'), joined(arguments, ", ", Related)), Single)
        }
        Expr::Series(product, parts, index) => {
            let [body, from, to] = parts.each_ref().map(text);
            let name = if *product { "product" } else { "sum" };
            (format!("{name}({body}, {index} = {from}..{to})"), Single)
        }
        Expr::Ratio(parts) => (joined(parts, ":", Sum), Related),
        Expr::Tuple(items) => (format!("({})", joined(items, ", ", Related)), Single),
        Expr::List(items) => (sorted(items), List),
        Expr::Set(items) => (format!("{{{}}}", sorted(items)), Single),
        Expr::Interval(ends, closed) => {
            let [low, high] = ends.each_ref().map(text);
            let (open, close) = (if closed[0] { '[' } else { '(' }, if closed[1] { ']' } else { ')' });
            (format!("{open}{low}, {high}{close}"), Single)
        }
        Expr::Numbers(letter) => (format!("the set {letter}"), Single),
        Expr::Union(parts) => (joined(parts, " ∪ ", Related), Related),
        Expr::Intersection(parts) => (joined(parts, " ∩ ", Related), Related),
        Expr::Difference(left, right) => {
            (format!("{} without {}", at_least(left, Single), at_least(right, Single)), Related)
        }
        Expr::Matrix(rows) => {
            let rows: Vec<String> =
                rows.iter().map(|row| format!("[{}]", joined(row, ", ", Related))).collect();
            (format!("[{}]", rows.join(", ")), Single)
        }
        Expr::Chain(first, rest) => {
            let step =
                |(relation, part): &(Relation, Expr)| format!(" {} {}", sign(*relation), at_least(part, Sum));
            (at_least(first, Sum) + &rest.iter().map(step).collect::<String>(), Related)
        }
        Expr::Cases(cases) => (cases.iter().map(case).collect::<Vec<_>>().join("; "), List),
    }
}

fn case(case: &CasePiece) -> String {
    let condition =
        case.condition.as_ref().map_or("otherwise".to_owned(), |condition| format!("if {}", text(condition)));
    format!("{} {condition}", text(&case.value))
}

/// A number with its strength: a sign or a fraction bar loosens it.
fn signed(number: String) -> (String, Strength) {
    let strength = if number.starts_with('-') {
        Strength::Sum
    } else if number.contains('/') {
        Strength::Product
    } else {
        Strength::Single
    };
    (number, strength)
}

/// The text of a part, in brackets where it holds together less tightly than asked.
fn at_least(expr: &Expr, strength: Strength) -> String {
    let (text, own) = written(expr);
    if own < strength { format!("({text})") } else { text }
}

fn joined(parts: &[Expr], between: &str, strength: Strength) -> String {
    parts.iter().map(|part| at_least(part, strength)).collect::<Vec<_>>().join(between)
}

fn sorted(items: &[Expr]) -> String {
    let mut items: Vec<String> = items.iter().map(|item| at_least(item, Strength::Relation)).collect();
    items.sort_by(|left, right| (left.len(), left).cmp(&(right.len(), right)));
    items.dedup();
    items.join(", ")
}

fn sum(terms: &[Expr]) -> String {
    let mut text = String::new();
    for (index, term) in terms.iter().enumerate() {
        let part = match term {
            Expr::Negative(_) | Expr::PlusMinus(..) => written(term).0,
            term => at_least(term, Strength::Product),
        };
        let signed = part.starts_with(['-', '+']);
        text.push_str(if index == 0 || signed { "" } else { "+" });
        text.push_str(&part);
    }
    text
}

fn call(function: Function, arguments: &[Expr]) -> String {
    match (function, arguments) {
        (Function::Root, [radicand, index]) if *index == Expr::integer(2) => {
            format!("sqrt({})", text(radicand))
        }
        (Function::Log, [argument, base]) if *base == Expr::integer(10) => format!("log({})", text(argument)),
        (Function::Factorial, [argument]) => format!("{}!", at_least(argument, Strength::Single)),
        _ => {
            let name = format!("{function:?}").to_lowercase();
            format!("{name}({})", joined(arguments, ", ", Strength::Relation))
        }
    }
}

fn constant_name(constant: Constant) -> &'static str {
    match constant {
        Constant::Pi => "pi",
        Constant::Euler => "e",
        Constant::Imaginary => "i",
        Constant::Infinity => "infinity",
    }
}

fn sign(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "=",
        Relation::Approximate => "≈",
        Relation::NotEqual => "≠",
        Relation::Less => "<",
        Relation::LessEqual => "≤",
        Relation::Greater => ">",
        Relation::GreaterEqual => "≥",
        Relation::In => "∈",
    }
}
