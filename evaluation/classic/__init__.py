"""Scorers of classic models, classifiers and regressors: figures of a whole run by the definitions of scikit-learn."""
