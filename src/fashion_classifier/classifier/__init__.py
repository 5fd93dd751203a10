"""The scikit-learn estimator, `FashionClassifier`; an extra: ``fashion-images-classifier[scikit-learn]``."""
