"""A chest without disease, of one imaginary patient, in Hounsfield units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapcpp.ct.phantom.shapes import Grid, Image, inside, paint, rotated, superellipse

__all__ = ["Chest", "Slice", "draw_chest", "draw_slice"]

AIR, FAT, MUSCLE, BLOOD, LIVER = -1000.0, -100.0, 45.0, 42.0, 58.0


@dataclass(frozen=True)
class Chest:
    """Sizes (mm) and habits of one patient; none depends on the diagnosis."""

    height: float  # of the lungs from apex to base
    half_width: float
    half_depth: float
    fat: float  # thickness below the skin
    field: float  # side of the field of view
    shift: tuple[float, float]
    turn: float  # radians
    lung: float  # HU at the front of the lungs, lower the deeper the patient breathed in
    gradient: float  # HU added at the back, where blood collects
    heart: float  # relative size
    domes: tuple[float, float]  # levels at which the right and left diaphragm appear
    rib_phase: float
    stomach_gas: bool
    table: float  # mm below the back
    wobble: tuple[float, float]

    def outlines(self, t: Image | float) -> tuple[Image | float, ...]:
        """Computes half width, half depth and middle of the ribs at levels t (0 apex, 1 base)."""
        rise = 1 - np.exp(-(t + 0.03) / 0.16)
        width = (self.half_width - self.fat - 20) * (0.48 + 0.52 * rise)
        depth = (self.half_depth - self.fat - 13) * (0.55 + 0.45 * rise)
        return width, depth, 4 * (1 - rise) - 5

    def own(self, x: Image, y: Image) -> tuple[Image, Image]:
        """Converts scanner coordinates to the frame of the patient, who lies shifted and turned."""
        return rotated(x - np.float32(self.shift[0]), y - np.float32(self.shift[1]), self.turn)

    def scanner(self, x: Image, y: Image) -> tuple[Image, Image]:
        """Inverts `own`."""
        x, y = rotated(x, y, -self.turn)
        return x + np.float32(self.shift[0]), y + np.float32(self.shift[1])

    def cavity(self, x: Image, y: Image, t: Image | float) -> Image:
        """Computes the signed distance (mm) to the inner wall of the rib cage."""
        width, depth, middle = self.outlines(t)
        flat = superellipse(x, y - middle, width, depth, 2.35)
        turn = np.arctan2(y, x)
        a, b = self.wobble
        distance: Image = flat + 2.5 * (np.cos(3 * turn + a) + np.cos(5 * turn + b)).astype(
            np.float32
        )
        return distance

    def heart_edge(self, x: Image, y: Image, t: Image | float) -> Image:
        """Computes the signed distance (mm) to the heart's surface."""
        _, depth, middle = self.outlines(t)
        bulge = np.sqrt(np.clip(1 - ((t - 0.74) / 0.32) ** 2, 1e-4, 1)) * self.heart
        u, v = rotated(x - np.float32(20), (y - middle + 0.28 * depth), 0.5)
        return superellipse(u, v, 60 * bulge, 45 * bulge)

    def mediastinum(self, x: Image, y: Image, t: Image | float) -> Image:
        """Computes the signed distance (mm) to the organs between the lungs."""
        _, depth, middle = self.outlines(t)
        v = (y - middle) / depth
        spine = 20 / (1 + np.exp(-(v - 0.62) / 0.07))
        column = np.abs(x) - (6 + 27 * np.exp(-(((v - 0.02) / 0.46) ** 2)) + spine)
        arch = superellipse(x - 16, y - middle - 2, 24, 34) + 500 * (t - 0.27) ** 2 * 4
        hilum = superellipse(np.abs(x) - 34, y - middle - 4, 17, 13) + 1500 * (t - 0.46) ** 2
        aorta = superellipse(x - 21, y - middle - depth + 27, 13, 13)
        edges = np.minimum(np.minimum(column, self.heart_edge(x, y, t)), np.minimum(arch, hilum))
        distance: Image = np.minimum(edges, aorta + 40 * np.clip(0.3 - t, 0, 1)).astype(np.float32)
        return distance

    def dome(self, x: Image, y: Image, t: Image | float, left: bool) -> Image:
        """Computes the signed distance (mm) to the organs below one half of the diaphragm."""
        width, depth, middle = self.outlines(t)
        start = self.domes[int(left)]
        share = np.sqrt(np.clip((t - start) / (1.06 - start), 1e-5, 1))
        side = 1 if left else -1
        u = x - side * 0.52 * width
        return superellipse(u, y - middle + 0.08 * depth, 0.5 * width * share, 0.88 * depth * share)

    def lungs(self, x: Image, y: Image, t: Image | float) -> Image:
        """Computes the signed distance (mm) to the surface of the lungs, negative within."""
        solid = np.minimum(self.dome(x, y, t, False), self.dome(x, y, t, True))
        solid = np.minimum(solid, self.mediastinum(x, y, t))
        return np.maximum(self.cavity(x, y, t), -solid).astype(np.float32)


@dataclass(frozen=True)
class Slice:
    """One level of a chest, into which lesions and vessels are drawn."""

    hu: Image
    lung: Image  # signed distance (mm) to the lungs' surface
    cover: Image  # share of each pixel that is lung


def draw_chest(rng: np.random.Generator) -> Chest:
    """Draws a patient at random: build, breathing, posture and the operator's field of view."""
    build = rng.normal(1, 0.06)
    half_width = 172 * build * rng.normal(1, 0.02)
    half_depth = 116 * build * rng.normal(1, 0.03)
    right = rng.uniform(0.72, 0.8)
    return Chest(
        height=rng.normal(245, 15),
        half_width=half_width,
        half_depth=half_depth,
        fat=rng.uniform(9, 24),
        field=2 * half_width * rng.uniform(0.98, 1.08),
        shift=(rng.normal(0, 4), rng.normal(-4, 4)),
        turn=rng.normal(0, 0.05),
        lung=rng.uniform(-900, -850),
        gradient=rng.uniform(25, 75),
        heart=rng.uniform(0.85, 1.15),
        domes=(right, right + rng.uniform(0.03, 0.07)),
        rib_phase=rng.uniform(),
        stomach_gas=bool(rng.uniform() < 0.6),
        table=rng.uniform(3, 10),
        wobble=(rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)),
    )


def bones(chest: Chest, grid: Grid, x: Image, y: Image, t: float, wall: Image, hu: Image) -> None:
    """Draws ribs, shoulder blades, breastbone and spine into `hu`."""
    width, depth, middle = chest.outlines(t)
    back = np.arctan2(np.abs(x) / width, (y - middle) / depth) / np.pi  # 0 at the spine, 1 in front
    # Ribs slope down from the spine, so that a level slice cuts several as oblique arcs.
    level = (t * chest.height - 85 * back) / 27 + chest.rib_phase
    along = np.abs(level - np.round(level)) * 27 - 5.5
    marrow = np.clip(450 - 700 * np.clip(back - 0.72, 0, 0.4), 120, None)
    paint(hu, inside(np.maximum(np.abs(wall - 6) - 3.6, along), grid.pixel), marrow)
    reach = 0.16 * np.clip(1 - t / 0.5, 0, 1)
    blade = np.maximum(np.abs(wall - 19) - 2.6, (np.abs(back - 0.33) - reach) * 300)
    paint(hu, inside(blade, grid.pixel), 420.0)
    front = superellipse(x, y - middle + depth + 5, 19, 6.5)
    paint(hu, inside(front, grid.pixel), 250.0 if 0.12 < t < 0.8 else 80.0)
    spine = y - middle - depth + 10
    body = superellipse(x, spine, 19, 15, 2.4)
    paint(hu, inside(body, grid.pixel), 480.0)
    paint(hu, inside(body + 3, grid.pixel), 240.0)
    canal = superellipse(x, spine - 22, 9, 8)
    arch = np.maximum(np.abs(canal - 3) - 3, -body)
    paint(hu, inside(arch, grid.pixel), 450.0)
    wings = superellipse(np.abs(x) - 24, spine - 20 - 0.3 * np.abs(x), 15, 4)
    thorn = superellipse(x, spine - 42, 4, 14)
    paint(hu, inside(np.minimum(wings, thorn), grid.pixel), 420.0)
    paint(hu, inside(canal, grid.pixel), 25.0)


def draw_slice(chest: Chest, grid: Grid, t: float, rng: np.random.Generator) -> Slice:
    """Draws the chest at level `t` (0 apex to 1 base), without vessels, lesions and noise."""
    x, y = chest.own(grid.x, grid.y)
    shoulder = float(np.exp(-((t / 0.16) ** 2)))
    hu = np.full(x.shape, AIR, dtype=np.float32)
    back = grid.y - np.float32(chest.half_depth + chest.shift[1] + chest.table) - 2e-4 * grid.x**2
    paint(hu, inside(np.abs(back - 14) - 14, grid.pixel), -950.0)
    paint(hu, inside(np.minimum(np.abs(back), np.abs(back - 28)) - 0.8, grid.pixel), -300.0)

    skin = superellipse(
        x, y, chest.half_width * (1 + 0.06 * shoulder), chest.half_depth * (1 - 0.1 * shoulder), 2.5
    )
    soft = grid.smooth_noise(rng, 25)
    paint(hu, inside(skin, grid.pixel), FAT + 8 * soft)
    wall = chest.cavity(x, y, t)
    # Sheets of fat separate the muscles of the chest wall.
    muscle = MUSCLE + 10 * soft - 110 * np.clip(np.abs(soft) - 1.1, 0, 1)
    paint(hu, inside(skin + chest.fat + 2 * soft, grid.pixel), muscle)
    fatty = np.clip(0.4 + 0.6 * grid.smooth_noise(rng, 18), 0, 1)
    paint(hu, inside(wall, grid.pixel), BLOOD - 100 * fatty)
    paint(hu, inside(chest.heart_edge(x, y, t) + 4, grid.pixel), BLOOD)
    _, depth, middle = chest.outlines(t)
    paint(hu, inside(superellipse(x - 21, y - middle - depth + 27, 12, 12), grid.pixel), BLOOD)
    for left in (False, True):
        organ = np.maximum(chest.dome(x, y, t, left), wall)
        paint(hu, inside(organ, grid.pixel), (BLOOD if left else LIVER) + 3 * soft)
        if left and chest.stomach_gas:
            bubble = np.maximum(organ + 14, y - middle + 18)
            paint(hu, inside(bubble, grid.pixel), -900.0)

    lung = chest.lungs(x, y, t)
    cover = inside(lung, grid.pixel)
    tissue = chest.lung + chest.gradient * np.clip(0.5 + (y - middle) / (2 * depth), 0, 1) ** 2
    paint(hu, cover, tissue + 9 * grid.smooth_noise(rng, 12))
    bones(chest, grid, x, y, t, wall, hu)
    return Slice(hu, lung, cover)
