"""The official OpenAI client's forms through a rule that gives `asked` the model `given`; the server says which it got."""

import base64

import openai

from cases import case, main

# Longer than what is read of a connection at once, with lines that look like the form's.
RECORDING = b"RIFF" + bytes(range(256)) * 1024 + b'\r\n--\r\nContent-Disposition: form-data; name="model"\r\n\r\nasked'


def connect(url):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


@case
def transcription(url):
    """openai: audio transcription and translation by a rewritten model"""
    for calls in (connect(url).audio.transcriptions, connect(url).audio.translations):
        file = ("speech.wav", RECORDING, "audio/wav")
        assert calls.create(model="asked", file=file).text == f"given {len(RECORDING)}"
        assert calls.create(model="other", file=file).text == f"other {len(RECORDING)}"


@case
def image_edit(url):
    """openai: image edit by a rewritten model"""
    images = [("one.png", RECORDING, "image/png"), ("two.png", RECORDING, "image/png")]
    answer = connect(url).images.edit(model="asked", image=images, prompt="a rainbow", n=1)
    assert base64.b64decode(answer.data[0].b64_json).decode() == f"given {2 * len(RECORDING)}"


@case
def forced(url):
    """openai: audio transcription by the model that a header names"""
    headers = {"x-gateway-model-name-rewrite": "forced"}
    file = ("speech.wav", RECORDING, "audio/wav")
    answer = connect(url).audio.transcriptions.create(model="asked", file=file, extra_headers=headers)
    assert answer.text == f"forced {len(RECORDING)}"


main()
