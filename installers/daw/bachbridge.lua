-- ReaScript for Reaper: send the selected track to BachBridge and make a track for its answer.
--
-- Load it in Actions -> Show action list -> New action -> Load ReaScript. BachBridge must run, and its ports must be
-- enabled in Preferences -> MIDI Devices. The script runs in one undo step. The numbers are those of REAPER's API
-- documentation: I_MIDIHWOUT and I_RECINPUT hold a channel (0: all) in the low five bits and the device above them.

local INPUT, OUTPUT = "BachBridge In", "BachBridge Out"
local MIDI_INPUT = 4096
local MONITOR_ON = 1

local function find_device(count, name_of, wanted)
  for index = 0, count - 1 do
    local is_there, name = name_of(index, "")
    if is_there and name:find(wanted, 1, true) then
      return index
    end
  end
end

local function arm(track)
  reaper.SetMediaTrackInfo_Value(track, "I_RECARM", 1)
  reaper.SetMediaTrackInfo_Value(track, "I_RECMON", MONITOR_ON)
end

local function main()
  local played = reaper.GetSelectedTrack(0, 0)
  if not played then
    return "Select the track that you play on first."
  end
  local sink = find_device(reaper.GetNumMIDIOutputs(), reaper.GetMIDIOutputName, INPUT)
  local source = find_device(reaper.GetNumMIDIInputs(), reaper.GetMIDIInputName, OUTPUT)
  if not sink or not source then
    return "BachBridge's ports are missing: start BachBridge, then enable them in Preferences -> MIDI Devices."
  end
  reaper.Undo_BeginBlock()
  reaper.SetMediaTrackInfo_Value(played, "I_MIDIHWOUT", sink << 5)
  arm(played)
  local place = math.floor(reaper.GetMediaTrackInfo_Value(played, "IP_TRACKNUMBER"))
  reaper.InsertTrackAtIndex(place, true)
  local answer = reaper.GetTrack(0, place)
  reaper.GetSetMediaTrackInfo_String(answer, "P_NAME", "BachBridge answers", true)
  reaper.SetMediaTrackInfo_Value(answer, "I_RECINPUT", MIDI_INPUT | (source << 5))
  arm(answer)
  reaper.Undo_EndBlock("Connect with BachBridge", -1)
  return nil
end

local problem = main()
if problem then
  reaper.ShowMessageBox(problem, "BachBridge", 0)
end
