import multiprocessing

from helper import square

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(pool.map(square, [1, 2]))
        pool.close()
        pool.join()
