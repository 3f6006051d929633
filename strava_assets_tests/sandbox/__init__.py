"""The simulated Strava keeps the promises that the real one documents."""
