"""The pages for people: the fleet, one target, alerts, breakers, runbooks. They show everything without scripts, too."""
