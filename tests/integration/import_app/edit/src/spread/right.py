SIDE = "edit"
