"""The preview sound: what BachBridge plays, heard with no DAW, from a process of its own.

`tones` makes the sound of one note, `synth` mixes notes, `speaker` is the sound device, `process` the child that
holds these three together, and `remote` the window's end of it.
"""
