"""The preview sound: BachBridge's notes heard without a DAW, played by a process of its own.

`synth` mixes the notes of the built-in instruments, `font_synth` plays a sound font, `sound_source` chooses between the
two, `audio_device` is the sound device, `process` is the child process that holds these, and `client` is the window's
end of it.
"""
