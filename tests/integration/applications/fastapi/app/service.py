from datetime import date

from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI(title="Service")


class Item(BaseModel):
    name: str
    price: float = Field(gt=0)
    day: date | None = None


@app.get("/items/{number}")
async def read(number: int, q: str | None = None) -> dict[str, int | str | None]:
    return {"number": number, "q": q}


@app.post("/items", status_code=201)
def create(item: Item) -> Item:
    return item
