-- Whoever listens on the channel webhook_event hears of new events at once; nobody has to.
create function strava.ring_webhook_event() returns trigger language plpgsql as $$
begin
    notify webhook_event;
    return null;
end $$;
create trigger webhook_event_bell after insert on strava.webhook_event
for each statement execute function strava.ring_webhook_event();
