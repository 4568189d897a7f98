"""Make bikes.csv and weather.csv: two invented years of bicycle counts in an invented town.

It needs the standard library only, and gives the same files each time:

    python3 make_data.py
"""

import csv
import math
import random
from datetime import date, timedelta
from pathlib import Path

SEED = 2024
FIRST, LAST = date(2024, 1, 1), date(2025, 12, 31)

# Riders on a dry weekday at 10 °C, the share of them on a weekend day,
# and how much a degree more and a millimetre of rain change the count.
COUNTERS = {
    "Station Road": (2400, 0.45, 0.016, -0.030),
    "Old Bridge": (1900, 0.60, 0.018, -0.035),
    "Harbour Bridge": (1500, 0.70, 0.018, -0.035),
    "River Path": (700, 1.90, 0.045, -0.090),
}
GROWTH = 0.04  # a year
CLOSED = date(2025, 4, 7), date(2025, 6, 8)  # Old Bridge, for repairs
DETOUR = 0.65  # of its riders, who take Harbour Bridge instead
STAYED = 0.10  # of them, who still do when it is open again
FLAT_BATTERY = {
    "River Path": (date(2024, 11, 12), date(2024, 11, 26)),
    "Harbour Bridge": (date(2025, 1, 20), date(2025, 1, 22)),
}


def weather(dice: random.Random, days: list[date]) -> list[tuple[float, float]]:
    """Return mean temperature (°C) and rain (mm) of each day; both depend on the day before."""
    result = []
    deviation, wet = 0.0, False
    for day in days:
        season = 10 - 9 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 20) / 365.25)
        deviation = 0.75 * deviation + dice.gauss(0, 2.1)
        wet = dice.random() < (0.55 if wet else 0.28)
        rain = dice.expovariate(1 / 5) if wet else 0.0
        # Adding 0 makes a plain zero of -0.0.
        result.append((round(season + deviation, 1) + 0, round(rain, 1)))
    return result


def holidays(day: date) -> float:
    """Return the share of commuters who are not away."""
    if (day.month, day.day) >= (12, 23) or (day.month, day.day) == (1, 1):
        return 0.4
    if (7, 15) <= (day.month, day.day) <= (8, 25):
        return 0.8
    return 1.0


def riders(dice: random.Random, days: list[date], sky: list[tuple[float, float]]) -> list[dict[str, int]]:
    """Return how many wanted to pass each counter, day by day, had nothing been closed."""
    result = []
    for day, (temperature, rain) in zip(days, sky, strict=True):
        mood = dice.gauss(0, 0.07)
        growth = (day - FIRST).days / 365.25 * GROWTH
        counts = {}
        for name, (base, weekend, warmth, wetness) in COUNTERS.items():
            share = weekend if day.weekday() >= 5 else holidays(day)
            change = warmth * (temperature - 10) + wetness * min(rain, 15) + growth
            counts[name] = round(base * share * math.exp(change + mood + dice.gauss(0, 0.06)))
        result.append(counts)
    return result


def main() -> None:
    """Write both files beside this script."""
    dice = random.Random(SEED)
    days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
    sky = weather(dice, days)
    folder = Path(__file__).parent
    with (folder / "weather.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["date", "temperature", "rain"])
        rows.writerows([day, *values] for day, values in zip(days, sky, strict=True))
    with (folder / "bikes.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["date", "counter", "bikes"])
        for day, counts in zip(days, riders(dice, days, sky), strict=True):
            if day >= CLOSED[0]:
                closed = day <= CLOSED[1]
                moved = round(counts["Old Bridge"] * (DETOUR if closed else STAYED))
                counts["Harbour Bridge"] += moved
                counts["Old Bridge"] = 0 if closed else counts["Old Bridge"] - moved
            for name, count in counts.items():
                first, last = FLAT_BATTERY.get(name, (date.max, date.max))
                rows.writerow([day, name, "" if first <= day <= last else count])


if __name__ == "__main__":
    main()
