"""Neutrinos at the detector: conversion in the Sun, regeneration in the Earth, arrival."""
