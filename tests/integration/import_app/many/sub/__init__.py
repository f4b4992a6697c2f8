from many import one
