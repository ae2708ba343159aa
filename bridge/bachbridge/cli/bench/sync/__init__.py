"""The benchmark `bench --sync`: how well tempo, beat and bar are shared, in figures without a machine's own speed."""
