-- A session of Ardour that is controlled line by line, run by Ardour's program luasession.
--
-- Each line on standard input is Lua code. It is answered by a line that begins with "= " and the value, or with "! " and
-- the error. Other lines on standard output are Ardour's own. The session ends with the end of the input.
--
-- Positions are quarters from the start of the session. Positions of the transport and of recordings are audio samples;
-- a change of tempo moves the bar lines over them.

local TICKS = Temporal.ticks_per_beat
local BY_PERSON = ARDOUR.TransportRequestSource.TRS_UI
local STOP_THERE = ARDOUR.LocateTransportDisposition.MustStop
local ROLL_THERE = ARDOUR.LocateTransportDisposition.MustRoll
local RECORDING = 2
local PATIENCE_S = 20
local PHRASE, ANSWER = "to BachBridge", "from BachBridge"
local EMPTY_FILE_BYTES = 26
local BACKGROUND_US = 200000
local MAX_READS = 10
local LIVE_CHANGE_SAMPLES = 480
local known_regions = {}

local function ticks(quarters)
    return math.floor(quarters * TICKS + 0.5)
end

local function sample_at(quarters)
    return Temporal.TempoMap.read():sample_at(Temporal.timepos_t.from_ticks(ticks(quarters)))
end

local function wait_until(condition, what)
    local last_us = ARDOUR.LuaAPI.monotonic_time() + PATIENCE_S * 1000000
    while not condition() do
        if ARDOUR.LuaAPI.monotonic_time() > last_us then
            error("waited in vain until " .. what)
        end
        ARDOUR.LuaAPI.usleep(500)
    end
end

local function track(name)
    return Session:route_by_name(name):to_track():to_midi_track()
end

-- Return a region that is not known yet, nil if there is none.
local function new_region(name)
    for region in track(name):playlist():region_list():iter() do
        if not known_regions[region:name()] then
            known_regions[region:name()] = true
            return region
        end
    end
end

-- Return the region that was recorded last, nil if nothing was. Regions are made in the background after the transport
-- has stopped, on a busy machine late; the list should not be read meanwhile, so it is read seldom.
local function newest_region(name)
    for _ = 1, MAX_READS do
        ARDOUR.LuaAPI.usleep(BACKGROUND_US)
        local region = new_region(name)
        if region then
            return region
        end
    end
end

-- A region of an earlier recording, which was made too late to be returned, must not be taken for the next one's.
local function forget_late_regions(name)
    while new_region(name) do end
end

-- The file is complete some milliseconds after its region exists, but its times are right only once the session is saved.
local function wait_until_written(path)
    local last_size = 0
    wait_until(function()
        local file = assert(io.open(path, "rb"))
        local size = file:seek("end")
        file:close()
        local is_complete = size > EMPTY_FILE_BYTES and size == last_size
        last_size = size
        ARDOUR.LuaAPI.usleep(20000)
        return is_complete
    end, "the recording is written")
    Session:save_state("", false, false, false, false, false)
end

local function arm(name, is_armed)
    track(name):rec_enable_control():set_value(is_armed and 1 or 0, PBD.GroupControlDisposition.NoGroup)
    if is_armed then
        Session:maybe_enable_record()
        wait_until(function() return Session:record_status() > 0 end, "recording is enabled")
    end
end

function create(folder, name)
    AudioEngine:set_backend("JACK", "ardour", "")
    Session = create_session(folder, name, 48000)
    assert(Session, "the session cannot be created")
    ARDOUR.config():set_send_midi_clock(true)
    local one = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
    for _, name in ipairs { PHRASE, ANSWER } do
        Session:new_midi_track(one, one, true, ARDOUR.PluginInfo(), nil, nil, 1, name,
            ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
    end
    -- Another thread connects the new ports. JACK breaks down if two threads of a program make requests at once.
    ARDOUR.LuaAPI.usleep(BACKGROUND_US)
end

function roll()
    Session:request_roll(BY_PERSON)
    wait_until(function() return Session:transport_rolling() end, "the transport rolls")
end

function stop()
    Session:request_stop(false, false, BY_PERSON)
    wait_until(function() return not Session:transport_rolling() and Session:record_status() ~= RECORDING end,
        "the transport stands")
end

function locate(quarters)
    local sample = sample_at(quarters)
    Session:request_locate(sample, false, STOP_THERE, BY_PERSON)
    wait_until(function() return Session:transport_sample() == sample and not Session:transport_rolling() end, "it is there")
end

-- Jump to another place while the transport rolls.
function jump(quarters)
    Session:request_locate(sample_at(quarters), false, ROLL_THERE, BY_PERSON)
end

function play_until(quarters)
    local sample = sample_at(quarters)
    wait_until(function() return Session:transport_sample() >= sample end, "bar line")
end

local function set_tempo(bpm)
    local map = Temporal.TempoMap.fetch_writable()
    map:set_tempo(Temporal.Tempo(bpm, bpm, 4), Temporal.timepos_t(0))
    Temporal.TempoMap.update(map)
end

-- Set the tempo while the transport stands. The notes are rendered anew in the background.
function prepare_tempo(bpm)
    set_tempo(bpm)
    ARDOUR.LuaAPI.usleep(BACKGROUND_US)
end

-- Set the session's tempo just before this place is played, so that the place's own clock pulse is in the new tempo.
function set_tempo_at(quarters, bpm)
    local sample = sample_at(quarters) - LIVE_CHANGE_SAMPLES
    wait_until(function() return Session:transport_sample() >= sample end, "the place of the new tempo")
    set_tempo(bpm)
end

-- A region can only be recorded: its notes are replaced and its length is set later.
function start_phrase_region()
    arm(PHRASE, true)
    roll()
    play_until(0.5)
end

function finish_phrase_region(quarters)
    stop()
    arm(PHRASE, false)
    phrase = assert(newest_region(PHRASE), "no note has arrived")
    phrase:set_position(Temporal.timepos_t.from_ticks(0))
    phrase:set_length(Temporal.timecnt_t.from_ticks(ticks(quarters), phrase:position()), 0)
end

-- Replace the notes of the phrase's track; each is {quarters, length, pitch}.
function set_notes(notes)
    local model = phrase:to_midiregion():midi_source(0):model()
    local command = model:new_note_diff_command("phrase")
    for note in ARDOUR.LuaAPI.note_list(model):iter() do
        command:remove(note)
    end
    for _, note in ipairs(notes) do
        local start, length = ticks(note[1]), ticks(note[2])
        command:add(ARDOUR.LuaAPI.new_noteptr(0, Temporal.Beats(start // TICKS, start % TICKS),
            Temporal.Beats(length // TICKS, length % TICKS), note[3], 80))
    end
    model:apply_command(Session, command)
end

function start_recording(quarters)
    arm(ANSWER, true)
    locate(quarters)
    forget_late_regions(ANSWER)
    roll()
end

-- Stop, and return where the recording begins and its file; nothing if no note has arrived.
function stop_recording()
    stop()
    local region = newest_region(ANSWER)
    if not region then
        return ""
    end
    local path = region:source(0):to_filesource():path()
    wait_until_written(path)
    return region:position():ticks() / TICKS .. " " .. path
end

io.stdout:setvbuf("line")
for line in io.lines() do
    local code, problem = load(line)
    local ok, value = false, problem
    if code then
        ok, value = pcall(code)
    end
    print((ok and "= " or "! ") .. tostring(value == nil and "" or value))
end
