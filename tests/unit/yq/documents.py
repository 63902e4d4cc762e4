"""Documents that the tests of several operators share."""

#: Scalars, a list and mappings.
PLAIN = """\
a: 1
b: two
c:
  d: [x, y, z]
  e: {f: 1.5, g: true}
h: null
"""

#: Comments at every place.
COMMENTED = """\
# above
a: cat # beside
b:
  # within
  c: 'one'
l:
  # first
  - p # pp
  - q
"""

#: A list of mappings.
PEOPLE = """\
- name: bob
  age: 10
- name: al
  age: 9
- name: cy
  age: 10
  extra: yes
"""

#: An anchor, an alias and a merge key.
ANCHORED = """\
base: &b
  x: 1
  y: 2
der:
  <<: *b
  y: 3
  z: 4
ref: *b
"""

#: Numbers of all kinds, and what is none.
NUMBERS = """\
x: 10
y: 3
f: 2.5
s: hello
n: ~
hex: 0x1F
oct: 0o17
neg: -4
l: [1, 2]
m: {k: v}
u: !own 3
bo: false
"""
