"""The preview sound: BachBridge's notes heard without a DAW, played by a process of its own.

`tone_cache` makes the sound of one note, `synth` mixes notes, `audio_device` is the sound device, `process` is the
child process that holds these three, and `client` is the window's end of it.
"""
