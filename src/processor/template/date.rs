//! The date that a template shows as today's.

use minijinja::{Error, ErrorKind, State};

/// The function by which templates ask, and the argument that fixes the answer.
pub(crate) const FUNCTION: &str = "strftime_now";

/// The variable that holds a fixed date; no template can spell it.
pub(super) const FIXED: &str = "strftime_now:fixed";

/// A moment of the civil calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CivilTime {
    pub year: i32,
    pub month: i32,
    pub day: i32,
    pub hour: i32,
    pub minute: i32,
    pub second: i32,
}

impl CivilTime {
    /// Reads `2026-11-27`, with or without a time as in `2026-11-27 13:30:00`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, "00:00:00"));
        let numbers = |text: &str, separator: char| -> Option<[i32; 3]> {
            let parts: Vec<i32> =
                text.split(separator).map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
            parts.try_into().ok()
        };
        let [year, month, day] = numbers(date, '-')?;
        let [hour, minute, second] = numbers(time.trim_end_matches(['Z', 'z']), ':')?;
        let fits = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second);
        fits.then_some(Self { year, month, day, hour, minute, second })
    }

    /// Days since 1 January, from 0.
    fn day_of_year(self) -> i32 {
        (1..self.month).map(|month| days_in(self.year, month)).sum::<i32>() + self.day - 1
    }

    /// Days since Sunday.
    fn weekday(self) -> i32 {
        let before = self.year - 1;
        let days = 365 * before + before / 4 - before / 100 + before / 400 + self.day_of_year() + 1;
        days % 7
    }
}

fn days_in(year: i32, month: i32) -> i32 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The date in a format, as Python's `strftime` writes it: the fixed one, or today's.
pub(super) fn now(state: &State<'_, '_>, format: &str) -> Result<String, Error> {
    let fixed = state.lookup(FIXED).and_then(|text| CivilTime::parse(text.as_str()?));
    let time = fixed.or_else(system::local_time).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!(
                "{FUNCTION}: this system does not tell the date; set the template argument {FUNCTION} to one"
            ),
        )
    })?;
    written(time, format)
}

/// A time in a format.
pub(super) fn written(time: CivilTime, format: &str) -> Result<String, Error> {
    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        let directive = characters.next().unwrap_or(' ');
        let (directive, bare) = match directive {
            '-' => (characters.next().unwrap_or(' '), "-"),
            other => (other, ""),
        };
        let part = match bare {
            "" => named(time, directive).or_else(|| number(time, directive, true)),
            _ => number(time, directive, false),
        };
        let unknown = || {
            let message = format!("{FUNCTION}: %{bare}{directive} is not supported");
            Error::new(ErrorKind::InvalidOperation, message)
        };
        text.push_str(&part.ok_or_else(unknown)?);
    }
    Ok(text)
}

/// What is written with letters, or made of several numbers.
fn named(time: CivilTime, directive: char) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let CivilTime { year, month, day, hour, minute, second } = time;
    let (month_name, day_name) = (MONTHS[(month - 1) as usize], DAYS[time.weekday() as usize]);
    Some(match directive {
        'B' => month_name.to_owned(),
        'b' | 'h' => month_name[..3].to_owned(),
        'A' => day_name.to_owned(),
        'a' => day_name[..3].to_owned(),
        'p' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        'F' => format!("{year:04}-{month:02}-{day:02}"),
        'T' => format!("{hour:02}:{minute:02}:{second:02}"),
        'D' => format!("{month:02}/{day:02}/{:02}", year % 100),
        'R' => format!("{hour:02}:{minute:02}"),
        'e' => format!("{day:2}"),
        '%' => "%".to_owned(),
        _ => return None,
    })
}

/// One number, filled up with zeros or bare.
fn number(time: CivilTime, directive: char, is_filled: bool) -> Option<String> {
    let CivilTime { year, month, day, hour, minute, second } = time;
    let (number, width) = match directive {
        'Y' => (year, 4),
        'y' => (year % 100, 2),
        'm' => (month, 2),
        'd' => (day, 2),
        'j' => (time.day_of_year() + 1, 3),
        'w' => (time.weekday(), 1),
        'H' => (hour, 2),
        'I' => (if hour % 12 == 0 { 12 } else { hour % 12 }, 2),
        'M' => (minute, 2),
        'S' => (second, 2),
        _ => return None,
    };
    Some(if is_filled { format!("{number:0width$}") } else { number.to_string() })
}

#[cfg(target_env = "gnu")]
mod system {
    use super::CivilTime;

    /// The time on this machine's clock and in its zone.
    pub(super) fn local_time() -> Option<CivilTime> {
        let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        let seconds = libc::time_t::try_from(seconds).ok()?;
        let mut time = std::mem::MaybeUninit::<libc::tm>::uninit();
        // SAFETY: both pointers are valid, and the result is read only where the call says that it has written it.
        let time = unsafe {
            if libc::localtime_r(&seconds, time.as_mut_ptr()).is_null() {
                return None;
            }
            time.assume_init()
        };
        Some(CivilTime {
            year: time.tm_year + 1900,
            month: time.tm_mon + 1,
            day: time.tm_mday,
            hour: time.tm_hour,
            minute: time.tm_min,
            second: time.tm_sec.min(59),
        })
    }
}

#[cfg(not(target_env = "gnu"))]
mod system {
    use super::CivilTime;

    /// Unknown: a date is to be given.
    pub(super) fn local_time() -> Option<CivilTime> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_python_writes_them() {
        let time = CivilTime::parse("2026-11-07 13:05:09").unwrap();
        let cases = [
            ("%d %b %Y", "07 Nov 2026"),
            ("%Y-%m-%d", "2026-11-07"),
            ("%A, %B %-d, %y", "Saturday, November 7, 26"),
            ("%I:%M %p %j %w %a 100%%", "01:05 PM 311 6 Sat 100%"),
            ("%F %T", "2026-11-07 13:05:09"),
        ];
        for (format, expected) in cases {
            assert_eq!(written(time, format).unwrap(), expected);
        }
        assert!(written(time, "%Q").unwrap_err().to_string().contains("%Q is not supported"));
        assert_eq!(written(CivilTime::parse("2024-02-29").unwrap(), "%a %j").unwrap(), "Thu 060");
    }

    #[test]
    fn what_is_no_date_is_not_read_as_one() {
        for text in ["", "2026-13-01", "2026-02-29", "27.11.2026", "2026-11-27 25:00:00", "today"] {
            assert_eq!(CivilTime::parse(text), None, "{text}");
        }
        assert!(CivilTime::parse("2026-11-27T13:30:00Z").is_some());
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn the_system_tells_the_date() {
        assert!(system::local_time().unwrap().year >= 2025);
    }
}
