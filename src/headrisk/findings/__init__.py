"""What leaves an attack: numbers, counts and reason codes, and their one codec.

``records`` holds what every attack gives, ``deidentified`` what a comparison before and after a
de-identification gives, ``codec`` turns both into the content of ``report.json`` and back. Attacks
fill these records and the report reads them; neither knows the other.
"""
