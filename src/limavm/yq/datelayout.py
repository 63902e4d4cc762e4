"""Times in the layouts of Go, in which `2006-01-02 15:04:05` says how a time is written.

Source of the parts of a layout: the constants of Go's package time. A time has microseconds here.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

RFC3339 = "2006-01-02T15:04:05Z07:00"
_DATE = "2006-01-02"

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PART = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|01|02|03|04|05|06|15|2006|__2|_2(?!006)|PM|pm"
    r"|[-Z]07(?::00:00|0000|:00|00)?|[.,](?:0+|9+)(?![0-9])|[1-5]"
)
_TWO = r"[0-9]{2}"
_ONE = r"[0-9]{1,2}"
#: What the parts match when a time is read.
_READS = {
    "January": "|".join(_MONTHS),
    "Jan": "|".join(name[:3] for name in _MONTHS),
    "Monday": "|".join(_DAYS),
    "Mon": "|".join(name[:3] for name in _DAYS),
    "MST": r"[A-Z]{3,5}|[-+][0-9]{2}",
    "2006": r"[0-9]{4}",
    "002": r"[0-9]{3}",
    "__2": r" {0,2}[0-9]{1,3}",
    "_2": r" ?[0-9]{1,2}",
    "PM": "AM|PM",
    "pm": "am|pm",
    "15": _ONE,
    **dict.fromkeys(("01", "02", "03", "04", "05", "06"), _TWO),
    **dict.fromkeys("12345", _ONE),
}
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")


def parse(layout: str, text: str) -> datetime:
    """The time, in UTC unless it tells its zone; raises ValueError. RFC 3339 may be a date alone."""
    try:
        return _Reader(layout, text).time()
    except ValueError:
        if layout == RFC3339:
            return _Reader(_DATE, text).time()
        raise


def form(layout: str, time: datetime) -> str:
    """The time in that layout."""
    return _PART.sub(lambda found: _written(found[0], time), layout)


def duration(text: str) -> timedelta:
    """A duration of Go, `1h2m3.5s`; raises ValueError."""
    sign = -1 if text[:1] == "-" else 1
    body = text.lstrip("+-") if text[:1] in ("+", "-") else text
    parts = _DURATION.findall(body)
    if body != "0" and (not parts or "".join(number + unit for number, unit in parts) != body):
        raise ValueError(f"{text[:40]!r} is no duration such as 3h10m")
    try:
        return sign * timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in parts))
    except OverflowError as error:
        raise ValueError(f"the duration {text[:40]} is too long") from error


def _written(part: str, time: datetime) -> str:
    hour = time.hour % 12 or 12
    simple = {
        "January": _MONTHS[time.month - 1],
        "Jan": _MONTHS[time.month - 1][:3],
        "Monday": _DAYS[time.weekday()],
        "Mon": _DAYS[time.weekday()][:3],
        "2006": f"{time.year:04}",
        "06": f"{time.year % 100:02}",
        "01": f"{time.month:02}",
        "1": str(time.month),
        "02": f"{time.day:02}",
        "2": str(time.day),
        "_2": f"{time.day:2}",
        "002": f"{time.timetuple().tm_yday:03}",
        "__2": f"{time.timetuple().tm_yday:3}",
        "15": f"{time.hour:02}",
        "03": f"{hour:02}",
        "3": str(hour),
        "04": f"{time.minute:02}",
        "4": str(time.minute),
        "05": f"{time.second:02}",
        "5": str(time.second),
        "PM": "PM" if time.hour >= 12 else "AM",
        "pm": "pm" if time.hour >= 12 else "am",
    }
    if part in simple:
        return simple[part]
    if part == "MST":
        return _zone_name(time)
    if part[0] in ".,":
        return _fraction(part, time.microsecond)
    return _offset(part, time.utcoffset() or timedelta())


def _zone_name(time: datetime) -> str:
    name = time.tzname() or "UTC"
    if name.startswith("UTC") and name != "UTC":
        return _offset("-0700" if time.minute else "-07", time.utcoffset() or timedelta())
    return name


def _fraction(part: str, microsecond: int) -> str:
    digits = f"{microsecond:06}000"[: len(part) - 1].ljust(len(part) - 1, "0")
    if part[1] == "9":
        digits = digits.rstrip("0")
    return part[0] + digits if digits else ""


def _offset(part: str, offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    if part[0] == "Z" and not seconds:
        return "Z"
    sign = "-" if seconds < 0 else "+"
    numbers = (f"{abs(seconds) // 3600:02}", f"{abs(seconds) // 60 % 60:02}", f"{abs(seconds) % 60:02}")
    colon = ":" if ":" in part else ""
    return sign + colon.join(numbers[: (len(part.replace(":", "")) - 1) // 2])


class _Reader:
    """One time that is read: the parts of the layout become groups of a pattern."""

    def __init__(self, layout: str, text: str) -> None:
        self._groups: dict[str, str] = {}
        pattern = self._pattern(layout[:200])
        found = re.fullmatch(pattern, text[:200], re.IGNORECASE)
        if found is None:
            raise ValueError(f"{text[:60]!r} is no time of the form {layout[:60]!r}")
        for name, value in found.groupdict().items():
            if value is not None:
                self._groups.setdefault(name.split("_")[0], value)

    def _pattern(self, layout: str) -> str:
        parts: list[str] = []
        at = 0
        for index, found in enumerate(_PART.finditer(layout)):
            parts.append(re.escape(layout[at : found.start()]))
            at = found.end()
            parts.append(self._group(found[0], index, layout[at : at + 1]))
        return "".join([*parts, re.escape(layout[at:])])

    def _group(self, part: str, index: int, following: str) -> str:
        if part[0] in "-Z" and part[1:2] == "0":
            colon = ":" if ":" in part else ""
            count = (len(part.replace(":", "")) - 1) // 2
            zulu = "Z|" if part[0] == "Z" else ""
            return f"(?P<zone_{index}>{zulu}[-+]{colon.join(['[0-9]{2}'] * count)})"
        if part[0] in ".,":
            quantity = f"{{{len(part) - 1}}}" if part[1] == "0" else "{1,9}"
            optional = "?" if part[1] == "9" else ""
            return f"(?:[.,](?P<fraction_{index}>[0-9]{quantity})){optional}"
        name = {"1": "month", "01": "month", "January": "name", "Jan": "name", "2": "day", "02": "day"}.get(part)
        name = name or {"_2": "day", "2006": "year", "06": "short", "15": "hour", "3": "half", "03": "half"}.get(part)
        name = name or {"4": "minute", "04": "minute", "5": "second", "05": "second", "PM": "pm", "pm": "pm"}.get(part)
        name = name or {"MST": "abbreviation", "002": "yday", "__2": "yday"}.get(part, "weekday")
        group = f"(?P<{name}_{index}>{_READS[part]})"
        if name == "second" and following not in (".", ","):
            # A fraction is taken although the layout has none.
            group += f"(?:[.,](?P<fraction_{index}>[0-9]{{1,9}}))?"
        return group

    def _number(self, name: str, default: int) -> int:
        return int(self._groups[name]) if name in self._groups else default

    def time(self) -> datetime:
        month = self._number("month", 1)
        if "name" in self._groups:
            month = [name[:3].lower() for name in _MONTHS].index(self._groups["name"][:3].lower()) + 1
        year = self._number("year", 1)
        if "short" in self._groups:
            short = self._number("short", 0)
            year = short + (1900 if short >= 69 else 2000)
        microsecond = int(self._groups.get("fraction", "0").ljust(6, "0")[:6])
        time = datetime(
            year,
            month,
            self._number("day", 1),
            self._hour(),
            self._number("minute", 0),
            self._number("second", 0),
            microsecond,
            self._zone(),
        )
        return time + timedelta(days=self._number("yday", 1) - 1)

    def _hour(self) -> int:
        hour = self._number("hour", self._number("half", 0))
        match self._groups.get("pm", "").lower():
            case "pm" if hour < 12:
                return hour + 12
            case "am" if hour == 12:
                return 0
            case _:
                return hour

    def _zone(self) -> tzinfo:
        zone = self._groups.get("zone", "Z")
        if zone not in ("Z", "z"):
            digits = zone[1:].replace(":", "").ljust(6, "0")
            seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:6])
            return timezone(timedelta(seconds=-seconds if zone[0] == "-" else seconds))
        name = self._groups.get("abbreviation", "UTC")
        if name[0] in "+-":
            return timezone(timedelta(hours=int(name)))
        # The offset of an abbreviation is not known; Go takes none, too.
        return UTC if name == "UTC" else timezone(timedelta(), name)
