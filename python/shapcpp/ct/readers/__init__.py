"""Scans to slices: DICOM, NIfTI and images, listed, labelled, split and prepared."""
