SIDE = "dist"
