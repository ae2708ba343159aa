-- Makes a session of Ardour with a track to BachBridge and a track for its answer; see ardour_session.py.

local FOLDER, NAME, BACKEND = os.getenv("SESSION_FOLDER"), os.getenv("SESSION_NAME"), os.getenv("SESSION_BACKEND")
local SAMPLE_RATE_HZ = 48000

AudioEngine:set_backend(BACKEND, "ardour", "")
local session = create_session(FOLDER, NAME, SAMPLE_RATE_HZ)
assert(session, "the session cannot be created")
local one = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
for _, name in ipairs { "to BachBridge", "BachBridge answers" } do
    session:new_midi_track(one, one, true, ARDOUR.PluginInfo(), nil, nil, 1, name,
        ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
end
session:save_state("", false, false, false, false, false)
close_session()
