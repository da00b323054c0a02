"""The internal unit system: MeV, cm, s, kg, and derived units.

Every dimensional number in the package is written as ``value * UNIT`` and every number that
leaves it is divided by a unit. The four base units are 1 here, but nothing depends on that: a test
replaces this module by one with other values and finds every physical result unchanged.

Energies in keVnr (nuclear recoil) and keVee (electron equivalent) are both in MeV internally. They
are distinguished when the texts of users are read, in `upscatter.scenario.quantities`.
"""

MEV = 1.0
CM = 1.0
SECOND = 1.0
KG = 1.0

GEV = 1e3 * MEV
KEV = 1e-3 * MEV
EV = 1e-6 * MEV

METRE = 1e2 * CM
KM = 1e5 * CM
FM = 1e-13 * CM

NANOSECOND = 1e-9 * SECOND
MICROSECOND = 1e-6 * SECOND
HOUR = 3600.0 * SECOND
DAY = 24.0 * HOUR
YEAR = 365.25 * DAY  # Julian year, as the IAU defines "a"

GRAM = 1e-3 * KG
TONNE = 1e3 * KG
