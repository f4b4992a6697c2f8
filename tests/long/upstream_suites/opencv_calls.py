"""Forty calls of OpenCV, each a line with its name and what came of it."""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np

random = np.random.default_rng(0)
image = (random.random((240, 320, 3)) * 255).astype(np.uint8)
gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
smooth = cv2.GaussianBlur(gray, (7, 7), 2)
cv2.setNumThreads(2)


def tell(name: str, *values: object) -> None:
    """Print a line; arrays by shape, kind, sum and checksum."""
    print(f"{name}:", *map(_text, values), flush=True)


def _text(value: object) -> str:
    if isinstance(value, np.ndarray):
        content = np.round(value, 3) if value.dtype.kind == "f" else value
        checksum = zlib.crc32(np.ascontiguousarray(content).tobytes())
        return f"{value.shape} {value.dtype} {float(value.sum()):.2f} {checksum}"
    if isinstance(value, float):
        return f"{value:.4f}"
    return str(value)


tell("version", cv2.__version__, cv2.getNumThreads())
tell("cvtColor", gray, cv2.cvtColor(image, cv2.COLOR_BGR2HSV))
tell("GaussianBlur", smooth)
tell("medianBlur", cv2.medianBlur(gray, 5))
tell("bilateralFilter", cv2.bilateralFilter(gray, 5, 50, 50))
tell("Canny", cv2.Canny(smooth, 20, 60))
tell("Sobel", cv2.Sobel(gray, cv2.CV_32F, 1, 0))
tell("Laplacian", cv2.Laplacian(gray, cv2.CV_32F))
tell("resize", cv2.resize(image, (100, 80), interpolation=cv2.INTER_CUBIC), cv2.resize(image, (91, 50)))
turn = cv2.getRotationMatrix2D((100, 100), 30, 1)
tell("warpAffine", cv2.warpAffine(image, turn, (200, 200)))
corners = np.float32([[0, 0], [319, 0], [319, 239], [0, 239]])
perspective = cv2.getPerspectiveTransform(corners, corners + np.float32([[3, 5], [-9, 2], [1, 1], [4, -6]]))
tell("warpPerspective", perspective, cv2.warpPerspective(image, perspective, (320, 240)))
tell("threshold", *cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU))
binary = cv2.threshold(smooth, 130, 255, cv2.THRESH_BINARY)[1]
tell("adaptiveThreshold", cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 11, 2))
tell("erode", cv2.erode(binary, np.ones((3, 3), np.uint8)))
tell("morphologyEx", cv2.morphologyEx(binary, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)))
contours, hierarchy = cv2.findContours(binary, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
tell("findContours", len(contours), hierarchy)
largest = max(contours, key=cv2.contourArea)
tell("contourArea", cv2.contourArea(largest), cv2.arcLength(largest, True))
tell("minAreaRect", np.array(cv2.boxPoints(cv2.minAreaRect(largest))))
tell("fitEllipse", np.array(cv2.fitEllipse(largest)[0]))
tell("convexHull", cv2.convexHull(largest))
tell("moments", float(cv2.moments(largest)["m00"]))
tell("connectedComponents", *cv2.connectedComponents(binary))
tell("distanceTransform", cv2.distanceTransform(binary, cv2.DIST_L2, 5))
tell("integral", cv2.integral(gray))
tell("dft", np.round(cv2.dft(np.float32(gray)) / 1000, 1))
tell("calcHist", cv2.calcHist([image], [0], None, [16], [0, 256]))
tell("equalizeHist", cv2.equalizeHist(gray))
tell("matchTemplate", cv2.minMaxLoc(cv2.matchTemplate(gray, gray[50:80, 60:100], cv2.TM_SQDIFF))[2])
points, descriptors = cv2.ORB_create(50).detectAndCompute(smooth, None)
tell("ORB", len(points), descriptors)
tell("SIFT", len(cv2.SIFT_create().detect(smooth, None)))
tell("goodFeaturesToTrack", cv2.goodFeaturesToTrack(smooth, 20, 0.01, 5))
moved = np.roll(smooth, 2, axis=1)
tell(
    "calcOpticalFlowFarneback",
    np.round(cv2.calcOpticalFlowFarneback(smooth, moved, None, 0.5, 3, 15, 3, 5, 1.2, 0).mean((0, 1)), 2),
)
tell(
    "kmeans",
    *cv2.kmeans(np.float32(image[:40, :40].reshape(-1, 3)), 3, None, (3, 10, 1.0), 1, cv2.KMEANS_PP_CENTERS)[1:2],
)
tell("solve", cv2.solve(np.float64([[2, 1], [1, 3]]), np.float64([[1], [2]]))[1])
tell("PCACompute", np.abs(cv2.PCACompute(np.float64(image[:20, :20, 0]), mean=None)[1][:2]))
for suffix in (".png", ".jpg", ".webp", ".tiff", ".bmp"):
    done, data = cv2.imencode(suffix, image)
    tell(f"imencode {suffix}", done, len(data), cv2.imdecode(data, cv2.IMREAD_COLOR))
tell("imwrite", cv2.imwrite("a.png", image), cv2.imread("a.png"), cv2.imread("none.png"))
canvas = np.zeros((100, 300, 3), np.uint8)
cv2.putText(canvas, "castiron", (5, 60), cv2.FONT_HERSHEY_SIMPLEX, 2, (255, 255, 255), 2, cv2.LINE_AA)
cv2.circle(canvas, (200, 50), 30, (0, 255, 0), -1)
tell("putText", canvas)
code = cv2.copyMakeBorder(
    cv2.resize(cv2.QRCodeEncoder_create().encode("castiron"), None, fx=8, fy=8, interpolation=0),
    40,
    40,
    40,
    40,
    0,
    value=255,
)
tell("QRCodeDetector", cv2.QRCodeDetector().detectAndDecode(code)[0])
video = cv2.VideoWriter("v.avi", cv2.VideoWriter_fourcc(*"MJPG"), 10, (320, 240))
for _ in range(5):
    video.write(image)
video.release()
frames, capture = 0, cv2.VideoCapture("v.avi")
while capture.read()[0]:
    frames += 1
tell("VideoWriter", frames, Path("v.avi").stat().st_size)
storage = cv2.FileStorage("x.yml", cv2.FILE_STORAGE_WRITE | cv2.FILE_STORAGE_MEMORY)
storage.write("m", turn)
tell("FileStorage", len(storage.releaseAndGetString()))
objects = np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1]])
camera = np.float64([[300, 0, 160], [0, 300, 120], [0, 0, 1]])
seen = cv2.projectPoints(objects, np.float64([0.1, 0.2, 0.3]), np.float64([0, 0, 5]), camera, None)[0]
tell("solvePnP", *(np.round(part, 2) for part in cv2.solvePnP(objects, seen, camera, None)[1:]))
try:
    cv2.cvtColor(gray, cv2.COLOR_BGR2GRAY)
except cv2.error as error:
    tell("error", error.code, error.func)
try:
    cv2.GaussianBlur(gray, (2, 2), 1)
except cv2.error as error:
    tell("another error", error.code, error.err)
