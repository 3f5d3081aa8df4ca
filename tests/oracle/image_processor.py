"""What transformers' Qwen2-VL image processor makes of a few images.

Writes tests/fixtures/image_processor/: the images, the processor's configuration, the expected patches
(expected.safetensors), and sizes before and after resizing (sizes.json: height, width, factor, lowest
and highest area, then the new height and width). For the images of formats/ it writes only every 97th
value of the patches and the mean of each channel (formats.safetensors), and what formats.json says: the
highest area, and whether decoders may differ by a level or two. tests/processor_parity.rs compares. Run
with torch, torchvision, transformers and pillow installed:

    python tests/oracle/image_processor.py
"""

import itertools
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageOps
from safetensors.torch import save_file
from transformers import Qwen2VLImageProcessor
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

OUT = Path(__file__).parent.parent / "fixtures" / "image_processor"
SETTINGS = {"patch_size": 4, "temporal_patch_size": 2, "merge_size": 2, "min_pixels": 256, "max_pixels": 768}
EXIF_ORIENTATION = 274


def decoded(path):
    """A file's picture as PIL reads it, upright: the processor itself composites what is transparent on white.

    Two other ways lose transparency. transformers' load_image drops alpha before the processor sees it, and a
    path is decoded by torchvision, which drops it too and fails on animated images.
    """
    return ImageOps.exif_transpose(Image.open(path))


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


def shapes(width, height):
    """Edges and flat areas, small in every format."""
    picture = Image.fromarray(gradient(height, width))
    draw = ImageDraw.Draw(picture)
    draw.ellipse([width // 8, height // 8, width // 2, height * 3 // 4], fill="crimson")
    draw.rectangle([width // 2, height // 3, width * 7 // 8, height * 5 // 6], fill="navy")
    return picture


def write_png(path, samples, depth, colour_type, interlaced=False, chunks=()):
    """The PNGs that PIL cannot write; `samples` is height x width x channels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def rows(part):
        for row in part.reshape(len(part), -1):
            bits = np.unpackbits(row.astype(">u2")[:, None].view(np.uint8), axis=1)[:, 16 - depth:]
            yield b"\0" + np.packbits(bits).tobytes()

    adam7 = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)]
    passes = adam7 if interlaced else [(0, 1, 0, 1)]
    parts = [samples[top::down, left::right] for top, down, left, right in passes]
    data = b"".join(row for part in parts if part.size for row in rows(part))
    height, width, _ = samples.shape
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    everything = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(data, 9)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in everything))


def write_formats(folder):
    """Pairs of name and highest area after resizing."""
    folder.mkdir(exist_ok=True)
    small, middling = SETTINGS["max_pixels"], 40_000
    written = []

    def save(name, picture, highest=small, **options):
        picture.save(folder / name, **options)
        written.append((name, highest))

    def save_png(name, *arguments, **options):
        write_png(folder / name, *arguments, **options)
        written.append((name, small))

    def samples(channels, depth, seed):
        return np.random.default_rng(seed).integers(0, 1 << depth, (21, 26, channels), dtype=np.uint16)

    picture = shapes(45, 33)
    alpha = Image.fromarray(noise(33, 45, 1, 20))
    with_alpha = Image.merge("RGBA", [*picture.split(), alpha])
    for colours in (2, 4, 16, 200):
        save(f"palette_{colours}.png", picture.quantize(colours))
    save("rgb_alpha.png", with_alpha)
    save("palette_key.png", picture.quantize(16), transparency=3)
    save("palette_alpha.png", picture.quantize(16), transparency=bytes(range(0, 160, 10)))
    save("grey_alpha.png", with_alpha.convert("LA"))
    save("one_bit.png", picture.convert("1"))
    for depth in (2, 4):
        save_png(f"grey_{depth}_bits.png", samples(1, depth, depth), depth, 0)
    save_png("grey_key.png", samples(1, 8, 5), 8, 0, chunks=[(b"tRNS", struct.pack(">H", 7))])
    save_png("rgb_key.png", samples(3, 8, 6), 8, 2, chunks=[(b"tRNS", struct.pack(">HHH", 7, 8, 9))])
    flat = np.broadcast_to(np.array([7, 8, 9], np.uint16), (21, 26, 3)).copy()
    flat[::2, ::3] = [7, 8, 10]
    save_png("rgb_key_used.png", flat, 8, 2, chunks=[(b"tRNS", struct.pack(">HHH", 7, 8, 9))])
    save_png("rgb_16_bits.png", samples(3, 16, 7), 16, 2)
    save_png("rgba_16_bits.png", samples(4, 16, 8), 16, 6)
    save_png("grey_alpha_16_bits.png", samples(2, 16, 9), 16, 4)
    save_png("interlaced.png", samples(3, 8, 10), 8, 2, interlaced=True)
    save_png("interlaced_grey.png", samples(1, 4, 11), 4, 0, interlaced=True)

    exif = Image.Exif()
    for orientation in range(1, 9):
        exif[EXIF_ORIENTATION] = orientation
        save(f"orientation_{orientation}.jpg", shapes(40, 24), quality=95, subsampling=0, exif=exif)
    exif[EXIF_ORIENTATION] = 6
    save("orientation_6.png", shapes(40, 24), exif=exif)
    save("orientation_6.webp", shapes(40, 24), lossless=True, exif=exif)
    save("grey.jpg", picture.convert("L"), quality=90)
    save("cmyk.jpg", picture.convert("CMYK"), quality=95)
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        save(f"chroma_{subsampling.replace(':', '')}.jpg", shapes(77, 51), quality=90, subsampling=subsampling)
    save("progressive.jpg", shapes(77, 51), quality=60, progressive=True)

    save("lossy.webp", shapes(77, 51), quality=80)
    save("lossy_alpha.webp", with_alpha, quality=80)
    save("lossless.webp", picture, lossless=True)
    save("lossless_alpha.webp", with_alpha, lossless=True, exact=True)
    frames = [picture, picture.rotate(180), picture.rotate(90)]
    save("animated.webp", frames[0], save_all=True, append_images=frames[1:], duration=50, lossless=True)

    save("still.gif", picture)
    save("animated.gif", frames[0], save_all=True, append_images=frames[1:], duration=50)
    save("transparent.gif", picture.quantize(16), transparency=3)
    save("interlaced.gif", picture, interlace=True)
    save("canvas.gif", picture)
    bytes_of_gif = bytearray((folder / "canvas.gif").read_bytes())
    bytes_of_gif[6:10] = struct.pack("<HH", 60, 40)  # a canvas larger than the frame
    (folder / "canvas.gif").write_bytes(bytes_of_gif)

    save("side_28.png", shapes(28, 28))
    save("wide.png", shapes(1500, 28), middling)
    save("tall.png", shapes(28, 1500), small)
    save("narrow.png", shapes(40, 1200), middling)
    save("large.png", shapes(1500, 1000).quantize(64), middling)
    save("large.jpg", shapes(1500, 1000), middling, quality=60)
    save("large.webp", shapes(1024, 768), middling, quality=60)
    return written


def formats(processor):
    """Samples of the patches of every image in formats/, and the list of the images."""
    expected, listed = {}, []
    for name, highest in write_formats(OUT / "formats"):
        bounds = {"shortest_edge": SETTINGS["min_pixels"], "longest_edge": highest}
        result = processor(images=[decoded(OUT / "formats" / name)], size=bounds, return_tensors="pt")
        pixels = result["pixel_values"].to(torch.float32)
        per_channel = pixels.reshape(len(pixels), 3, -1).double()
        expected[f"{name}.every_97th"] = pixels.flatten()[::97].contiguous()
        expected[f"{name}.means"] = per_channel.mean((0, 2)).float()
        expected[f"{name}.grid"] = result["image_grid_thw"].to(torch.int32).contiguous()
        lossy = name.endswith(".jpg") or name in ("lossy.webp", "lossy_alpha.webp", "large.webp")
        listed.append({"name": name, "max_pixels": highest, "lossy": lossy})
    return expected, listed


def of_qwen3_vl():
    """Samples of the patches of some images as Qwen3-VL takes them; its settings go into a file of their own."""
    settings = {"size": {"shortest_edge": 65536, "longest_edge": 16777216}, "patch_size": 16, "temporal_patch_size": 2,
                "merge_size": 2, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
                "processor_class": "Qwen3VLProcessor", "image_processor_type": "Qwen2VLImageProcessorFast"}
    (OUT / "qwen3_vl.json").write_text(json.dumps(settings, indent=2) + "\n")
    del settings["processor_class"], settings["image_processor_type"]
    processor, expected = Qwen2VLImageProcessor(**settings), {}
    for name in ["grow.png", "alpha.png", "formats/wide.png", "formats/narrow.png", "formats/large.png"]:
        result = processor(images=[decoded(OUT / name)], return_tensors="pt")
        expected[f"{name}.every_997th"] = result["pixel_values"].float().flatten()[::997].contiguous()
        expected[f"{name}.grid"] = result["image_grid_thw"].to(torch.int32).contiguous()
    return expected


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
        result = processor(images=[decoded(OUT / name)], return_tensors="pt")
        expected[f"{name}.pixels"] = result["pixel_values"].to(torch.float32).contiguous()
        expected[f"{name}.grid"] = result["image_grid_thw"].to(torch.int32).contiguous()
    save_file(expected, OUT / "expected.safetensors")
    samples, listed = formats(processor)
    save_file(samples, OUT / "formats.safetensors")
    save_file(of_qwen3_vl(), OUT / "qwen3_vl.safetensors")
    (OUT / "formats.json").write_text("[\n" + ",\n".join(json.dumps(entry) for entry in listed) + "\n]\n")
    rows = ",\n".join(json.dumps(row) for row in sizes())
    (OUT / "sizes.json").write_text(f"[\n{rows}\n]\n")
    processor.save_pretrained(OUT)


if __name__ == "__main__":
    main()
