"""What transformers' Qwen2-VL image processor makes of a few images.

Writes tests/fixtures/image_processor/: the images, the processor's configuration, the expected patches
(expected.safetensors), and sizes before and after resizing (sizes.json: height, width, factor, lowest
and highest area, then the new height and width). tests/processor_parity.rs compares. Run with torch,
torchvision, transformers and pillow installed:

    python tests/oracle/image_processor.py
"""

import itertools
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import Qwen2VLImageProcessor
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

OUT = Path(__file__).parent.parent / "fixtures" / "image_processor"
SETTINGS = {"patch_size": 4, "temporal_patch_size": 2, "merge_size": 2, "min_pixels": 256, "max_pixels": 768}
EXIF_ORIENTATION = 274


def noise(height, width, channels, seed):
    """Independent random pixels: the hardest input for a resampler."""
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def gradient(height, width):
    """Smooth colours, on which JPEG decoders agree best."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], -1).astype(np.uint8)


def write_images():
    def save(name, image, **options):
        image.save(OUT / name, **options)
        return name

    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    palette = Image.fromarray(noise(16, 24, 3, 4)).quantize(16)
    return [
        save("shrink.png", Image.fromarray(noise(47, 61, 3, 0))),
        save("grow.png", Image.fromarray(noise(9, 13, 3, 1))),
        save("as_is.png", Image.fromarray(noise(16, 24, 3, 2))),
        save("alpha.png", Image.fromarray(noise(19, 21, 4, 3))),
        save("palette.png", palette, transparency=3),
        save("grey.png", Image.fromarray(noise(30, 12, 1, 5))),
        save("rotated.jpg", Image.fromarray(gradient(16, 32)), quality=95, subsampling=0, exif=exif),
    ]


def sizes():
    sides = [1, 13, 27, 42, 56, 70, 98, 331, 1000, 4032]
    bounds = [(28, 56 * 56, 28 * 28 * 1280), (8, 256, 768)]
    for (height, width), (factor, low, high) in itertools.product(itertools.product(sides, sides), bounds):
        if max(height, width) <= 200 * min(height, width):
            resized = smart_resize(height, width, factor, low, high)
            yield [height, width, factor, low, high, *resized]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    processor = Qwen2VLImageProcessor(**SETTINGS)
    expected = {}
    for name in write_images():
        result = processor(images=[str(OUT / name)], return_tensors="pt")
        expected[f"{name}.pixels"] = result["pixel_values"].to(torch.float32).contiguous()
        expected[f"{name}.grid"] = result["image_grid_thw"].to(torch.int32).contiguous()
    save_file(expected, OUT / "expected.safetensors")
    rows = ",\n".join(json.dumps(row) for row in sizes())
    (OUT / "sizes.json").write_text(f"[\n{rows}\n]\n")
    processor.save_pretrained(OUT)


if __name__ == "__main__":
    main()
